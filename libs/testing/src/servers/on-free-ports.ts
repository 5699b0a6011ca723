import { freePorts } from '@sluice/runtime';

const MAX_STARTS = 3;
/** As RabbitMQ and Redis report it. */
const PORT_IN_USE = /in use|dist_port_already_used/;

/**
 * Starts a server on free ports, up to three times: another process may take a port between the search and the start.
 *
 * @param start rejects with the output of the server
 */
export async function onFreePorts<Server>(count: number, start: (ports: readonly number[]) => Promise<Server>): Promise<Server> {
  for (let starts = 1; ; starts++)
    try {
      return await start(await freePorts(count));
    } catch (error) {
      if (starts === MAX_STARTS || !PORT_IN_USE.test(String(error))) throw error;
    }
}
