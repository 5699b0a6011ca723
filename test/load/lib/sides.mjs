import { MailServer } from './mail-server.mjs';
import { PlainSide } from './plain-side.mjs';
import { Servers } from './servers.mjs';
import { SluiceSide } from './sluice-side.mjs';

/** Starts the servers, a mail server, Sluice and the rival, runs the work, and stops everything, also after a Ctrl-C. */
export async function withSides(work) {
  const [servers, mail] = [await Servers.start(), await MailServer.start()];
  const ours = new SluiceSide({ ...servers.env, SMTP_URL: mail.url });
  const plain = new PlainSide(servers.rivalUrl);
  try {
    await Promise.all([ours.start(), plain.start()]);
    return await work({ servers, mail, ours, plain });
  } finally {
    await Promise.allSettled([ours.stop(), plain.stop()]);
    await Promise.all([servers.stop(), mail.stop()]);
  }
}
