import { Writable } from 'node:stream';
import type { Paint } from './paint.js';
import { clock } from './words.js';

const WARN = 40;
const ERROR = 50;

/** Returns a stream that reads JSON log lines and writes them as text. */
export function logLines(options: { readonly write: (line: string) => void; readonly colors: Paint }): Writable {
  return new Writable({
    decodeStrings: false,
    write: (chunk: string | Buffer, _encoding, done) => {
      for (const line of chunk.toString().split('\n')) if (line !== '') options.write(logLine(line, options.colors));
      done();
    },
  });
}

function logLine(line: string, colors: Paint): string {
  const { level, time, msg, ...fields } = JSON.parse(line) as { level: number; time: string; msg?: string };
  const said = Object.entries(fields).map(([name, value]) =>
    colors.dim(`${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`),
  );
  const word = level >= ERROR ? colors.red('error') : level >= WARN ? colors.yellow('warning') : colors.dim('log');
  return [colors.dim(clock(new Date(time))), word, msg ?? '', ...said].join(' ');
}
