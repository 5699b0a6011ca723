// Generates docs/reference/errors.md and docs/reference/findings.md.

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

/** Titles of the page by the first word of a code. */
const FAMILIES = {
  'The file and its YAML': ['FILE', 'YAML'],
  'Keys and values': ['FLOW', 'SECRET', 'SETTING'],
  'Names of other parts': ['REF', 'ENV'],
  Expressions: ['EXPR'],
  'Policies and events': ['POLICY', 'EVENT', 'STEP'],
  Tests: ['TEST'],
};

/** @param {Record<string, { severity: string, message: string, cause: string, cure: string }>} codes */
export function findingsPage(codes) {
  const familyOf = (code) => code.slice(0, code.indexOf('_'));
  const known = Object.values(FAMILIES).flat();
  const homeless = Object.keys(codes).filter((code) => !known.includes(familyOf(code)));
  if (homeless.length > 0) throw new Error(`${homeless.join(', ')}: add the family to FAMILIES in scripts/lib/errors-page.mjs`);
  return [
    '# Findings of the lint',
    '',
    '<!-- Generated from the code by "npm run docs": do not edit. -->',
    '',
    '`sluice lint` reports these codes, and `--format json` contains them. The meaning of a code never changes. In a message `…` stands for a',
    'part that varies; a code can have other messages too. A host does not start with an error; a warning stops nothing. Codes of errors in a',
    'run are on [their own page](errors.md).',
    '',
    ...Object.entries(FAMILIES).flatMap(([title, families]) => {
      const rows = Object.entries(codes)
        .filter(([code]) => families.includes(familyOf(code)))
        .map(([code, { severity, message, cause, cure }]) => [`\`${code}\``, severity, message, cause, cure]);
      return [`## ${title}`, '', ...table(['code', 'severity', 'message', 'cause', 'what to do'], rows)];
    }),
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
