// Starts a separate RabbitMQ with its STOMP plugin.
import { prepare } from '../../scripts/lib/prepare.mjs';
import { freePort } from './free-port.mjs';

/**
 * @returns {Promise<{ port: number, stop: () => Promise<void> }>} the STOMP port
 */
export async function startRabbitStomp() {
  await prepare();
  // imported by its file, because the entry point of the package is for Jest only
  const { startRabbit } = await import('../../libs/testing/dist/servers/rabbitmq.js');
  const rabbit = await startRabbit();
  const port = await freePort();
  try {
    await rabbit.ctl('eval', 'code:add_pathsa(filelib:wildcard(filename:join(code:lib_dir(rabbit), "../*/ebin"))).');
    await rabbit.ctl(
      'eval',
      `application:load(rabbitmq_stomp), application:set_env(rabbitmq_stomp, tcp_listeners, [{"127.0.0.1", ${port}}]).`,
    );
    await rabbit.ctl('eval', '{ok, _} = application:ensure_all_started(rabbitmq_stomp).');
  } catch (error) {
    await rabbit.stop();
    throw error;
  }
  return { port, stop: () => rabbit.stop() };
}
