// The text of docs/reference/errors.md.

const FATES = {
  retry: 'tried again after a durable delay; spends an attempt',
  overload: 'the pace of the connection shrinks; a paced call waits and spends no attempt',
  unavailable: 'counts for the breaker of the connection; a paced call waits and spends no attempt',
  rejected: 'the other side refuses this data: never tried again',
  fatal: 'the configuration is wrong: never tried again, and reported by `/health/ready`',
};

/** @param {readonly { title: string, about: string, codes: Record<string, { fate: string, cure: string }> }[]} sections */
export function errorsPage(sections) {
  return [
    '# Error codes',
    '',
    '<!-- Made from the code by "npm run docs": do not edit. -->',
    '',
    'What `error.code` can be in `onError`, in the journal and in a parked run. Branch on the code or on its fate, never on the message. A code is',
    'never given another meaning. What is thrown without a code is shown as `UNEXPECTED` and has the fate `retry`.',
    '',
    ...table(
      ['fate', 'what the engine does'],
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
