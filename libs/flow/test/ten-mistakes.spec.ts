import { describe, expect, it } from '@jest/globals';
import { formatFindings } from '../src/index.js';
import { compile } from './support/workspace.js';

const workspace = `sluice: 1
plugins: ['@sluice/plugin-asterisk-ami', '@sluice/plugin-onec-http', '@sluice/plugin-tcp-gateway']
connections:
  erp:
    use: onec-http
    with:
      baseUrl: \${{ env.ERP_URL }}
      user: \${{ env.ERP_USER }}
      password: \${{ env.ERP_PASSWORD }}
  pbx:
    use: asterisk-ami
    with: { host: pbx, user: sluice, secret: '\${{ env.PBX_SECRET }}' }
  desktops: { use: tcp-gateway }
`;

const flow = `sluice: 1
flow: incoming-call
trigger:
  use: asterisk-ami.event
  connection: pbx
  with: { events: [DialBegin] }
deliver:
  expires: 20s
  onExhausted: drop
steps:
  - id: party
    use: onec-http.call
    timeout: 2s
    with:
      method: FindCounterparty
      data:
        Телефон: \${{ trigger.data.CallerIDNum }}
    connection: erp
    priority: interactive
  - id: popup
    with:
      to: { extension: '\${{ trigger.data.DestCallerIDNum }}' }
      event: call.popup
      data: { title: '\${{ steps.party.Наименование ?? "" }}' }
    use: tcp-gateway.send
    connection: desktops
`;

/** Returns the findings after a change of one line (counted from 1). */
function lintWith(change: { readonly file: 'flow' | 'workspace'; readonly line: number; readonly text: string }): string {
  const text = (file: 'flow' | 'workspace', original: string) =>
    change.file === file
      ? original
          .split('\n')
          .with(change.line - 1, change.text)
          .join('\n')
      : original;
  const { findings } = compile({
    workspace: text('workspace', workspace),
    flows: { 'flows/incoming-call.yaml': text('flow', flow) },
  });
  return formatFindings(findings);
}

const mistakes: readonly { readonly title: string; readonly change: Parameters<typeof lintWith>[0]; readonly printed: string }[] =
  [
    {
      title: 'a colon that cuts an expression in two',
      change: {
        file: 'flow',
        line: 17,
        text: '        Телефон: ${{ $exists(trigger.data.CallerIDNum) ? trigger.data.CallerIDNum : "" }}',
      },
      printed: `flows/incoming-call.yaml:17:83 YAML_QUOTE ": " ends a YAML key, so this expression was cut in two
   17 |         Телефон: \${{ $exists(trigger.data.CallerIDNum) ? trigger.data.CallerIDNum : "" }}
      |                                                                                   ^^
      write: Телефон: '\${{ $exists(trigger.data.CallerIDNum) ? trigger.data.CallerIDNum : "" }}'`,
    },
    {
      title: 'an expression without quotes inside { }',
      change: { file: 'flow', line: 22, text: '      to: { extension: ${{ trigger.data.DestCallerIDNum }} }' },
      printed: `flows/incoming-call.yaml:22:24 YAML_QUOTE an expression inside { } or [ ] must be quoted: YAML reads its braces as a map
   22 |       to: { extension: \${{ trigger.data.DestCallerIDNum }} }
      |                        ^^^
      write: to: { extension: '\${{ trigger.data.DestCallerIDNum }}' }`,
    },
    {
      title: 'a root of another product',
      change: { file: 'flow', line: 17, text: '        Телефон: ${{ payload.CallerIDNum }}' },
      printed: `flows/incoming-call.yaml:17:22 EXPR_ROOT an expression begins with trigger, steps, vars, env, error, run or a loop's name, not with "payload"
   17 |         Телефон: \${{ payload.CallerIDNum }}
      |                      ^^^^^^^
      write: trigger.data.CallerIDNum`,
    },
    {
      title: 'a comparison of another language',
      change: { file: 'flow', line: 19, text: '    if: ${{ trigger.data.DialStatus == "BUSY" }}' },
      printed: `flows/incoming-call.yaml:19:37 EXPR_SYNTAX JSONata compares with one "="
   19 |     if: \${{ trigger.data.DialStatus == "BUSY" }}
      |                                     ^^
      write: trigger.data.DialStatus = "BUSY"`,
    },
    {
      title: 'a field that the trigger does not have',
      change: { file: 'flow', line: 17, text: '        Телефон: ${{ trigger.data.CallerIdNumber }}' },
      printed: `flows/incoming-call.yaml:17:35 EXPR_FIELD asterisk-ami.event has no "CallerIdNumber"
   17 |         Телефон: \${{ trigger.data.CallerIdNumber }}
      |                                   ^^^^^^^^^^^^^^
      write: trigger.data.CallerIDNum`,
    },
    {
      title: 'an unknown step',
      change: { file: 'flow', line: 24, text: "      data: { title: '${{ steps.patry.Наименование }}' }" },
      printed: `flows/incoming-call.yaml:24:33 REF_STEP no step is called "patry"
   24 |       data: { title: '\${{ steps.patry.Наименование }}' }
      |                                 ^^^^^
      write: steps.party`,
    },
    {
      title: 'an unknown key',
      change: { file: 'flow', line: 9, text: '  retries: 5' },
      printed: `flows/incoming-call.yaml:9:3 FLOW_UNKNOWN_KEY "retries" is not a key of deliver
    9 |   retries: 5
      |   ^^^^^^^
      write: retry: { attempts: 5 }`,
    },
    {
      title: 'a duration without a unit',
      change: { file: 'flow', line: 13, text: '    timeout: 2' },
      printed: `flows/incoming-call.yaml:13:14 FLOW_DURATION timeout: 2 has no unit
   13 |     timeout: 2
      |              ^
      write: timeout: 2s  (ms, s, m, h or d)`,
    },
    {
      title: 'a phone that is read as a number',
      change: { file: 'flow', line: 17, text: '        Телефон: +74951234567' },
      printed: `flows/incoming-call.yaml:17:18 YAML_NUMBER +74951234567 is read as the number 74951234567
   17 |         Телефон: +74951234567
      |                  ^^^^^^^^^^^^
      write: '+74951234567' if it is a text (a phone, a code, an account)`,
    },
    {
      title: 'a variable that the environment does not have',
      change: { file: 'workspace', line: 8, text: '      user: ${{ env.ERP_USR }}' },
      printed: `sluice.yaml:8:21 ENV_MISSING the environment has no ERP_USR
    8 |       user: \${{ env.ERP_USR }}
      |                     ^^^^^^^
      write: env.ERP_USER`,
    },
  ];

describe('the ten most common mistakes', () => {
  it('do not occur in the sample itself', () => {
    expect(lintWith({ file: 'flow', line: 1, text: 'sluice: 1' })).toBe('');
  });

  it.each(mistakes)('are reported with place and cure: $title', ({ change, printed }) => {
    expect(lintWith(change)).toBe(printed);
  });
});
