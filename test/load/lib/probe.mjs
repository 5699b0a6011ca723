// Loaded into a measured server with --import: reports its memory after a garbage collection, and records a profile of its processor time, when
// the parent asks over IPC.
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
let profiler;

const ANSWERS = {
  memory() {
    // the second collection frees objects that the finalizers of the first one have released
    collect();
    collect();
    return process.memoryUsage();
  },
  async profile() {
    profiler = new Session();
    profiler.connect();
    await profiler.post('Profiler.enable');
    await profiler.post('Profiler.start');
  },
  async saveProfile(file) {
    const { profile } = await profiler.post('Profiler.stop');
    writeFileSync(file, JSON.stringify(profile));
    profiler.disconnect();
  },
};

if (process.send) {
  process.on('message', async (message) => {
    if (Object.hasOwn(ANSWERS, message?.probe)) {
      process.send({ probed: message.probe, result: await ANSWERS[message.probe](message.argument) });
    }
  });
}
