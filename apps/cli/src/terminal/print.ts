/** What a command answers: standard output, for people and for pipes. */
export function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** What is said beside the answer. */
export function say(line = ''): void {
  process.stderr.write(`${line}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, undefined, 2));
}
