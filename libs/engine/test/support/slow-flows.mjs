/** An expression that takes about 50 ms. */
const SLOW = '$sum([1..20000].($ * 2))';
const CONDITION = `\${{ ${SLOW} < 0 }}`;
const lines = (count, line) => Array.from({ length: count }, (_, n) => line(n)).join('\n');
const flow = (steps) => `sluice: 1\nflow: slow\ntrigger: { use: event, with: { types: [slow.asked] } }\nsteps:\n${steps}\n`;

/** Flows whose expressions take seconds together, by name. */
export const SLOW_FLOWS = {
  'a switch with 100 cases': flow(
    `  - id: choose\n    switch:\n      cases:\n${lines(100, (n) => `        - when: ${CONDITION}\n          steps: [{ id: s${n}, stop: {} }]`)}\n      otherwise: []`,
  ),
  'an emit with slow fields': flow(
    `  - id: tell\n    emit:\n      type: slow.told\n      subject: '\${{ ${SLOW} }}'\n      data:\n${lines(100, (n) => `        f${n}: \${{ ${SLOW} }}`)}`,
  ),
  '100 steps with a condition': flow(lines(100, (n) => `  - { id: s${n}, if: '${CONDITION}', set: ${n} }`)),
  'an emit of a list that is 72 MB as JSON': flow(
    `  - id: tell\n    emit:\n      type: slow.told\n      data:\n${lines(45, () => '        - ${{ ($a := trigger.data.long; $b := $a & $a; $c := $b & $b; $d := $c & $c; $e := $d & $d; $e & $e) }}')}`,
  ),
};
