// Generates docs/reference/errors.md.

const FATES = {
  retry: 'repeats the call after a durable delay, which spends an attempt',
  overload: 'lowers the pace of the connection; a paced call waits and spends no attempt',
  unavailable: 'counts the failure for the breaker of the connection; a paced call waits and spends no attempt',
  rejected: 'never repeats the call: the remote system refuses this data',
  fatal: 'never repeats the call, and reports it by `/health/ready`: the configuration is wrong',
};

/** @param {readonly { title: string, about: string, codes: Record<string, { fate: string, cure: string }> }[]} sections */
export function errorsPage(sections) {
  return [
    '# Error codes',
    '',
    '<!-- Generated from the code by "npm run docs": do not edit. -->',
    '',
    'Values of `error.code` in `onError`, in the journal and in a parked run. Branch on the code or on its fate, never on the message. The',
    'meaning of a code never changes. An error that is thrown without a code has the code `UNEXPECTED` and the fate `retry`.',
    '',
    ...table(
      ['fate', 'reaction of the engine'],
      Object.entries(FATES).map(([fate, meaning]) => [`\`${fate}\``, meaning]),
    ),
    ...sections.flatMap(section),
  ].join('\n');
}

function section({ title, about, codes }) {
  const rows = Object.entries(codes).map(([code, { fate, cure }]) => [`\`${code}\``, `\`${fate}\``, cure]);
  return [`## ${title}`, '', about, '', ...table(['code', 'fate', 'what to do'], rows)];
}

function table(head, rows) {
  const line = (cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line), ''];
}
