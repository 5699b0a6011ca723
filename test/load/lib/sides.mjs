import { PlainSide } from './plain-side.mjs';
import { Servers } from './servers.mjs';
import { SluiceSide } from './sluice-side.mjs';

/** Starts the servers, Sluice and the rival, runs the work, and stops everything, also after a Ctrl-C. */
export async function withSides(work) {
  const servers = await Servers.start();
  const [ours, plain] = [new SluiceSide(servers.env), new PlainSide(servers.rivalUrl)];
  try {
    await Promise.all([ours.start(), plain.start()]);
    return await work({ servers, ours, plain });
  } finally {
    await Promise.allSettled([ours.stop(), plain.stop()]);
    await servers.stop();
  }
}
