import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Parser } from 'yaml';
import { compileWorkspace, parseWorkspaceFile, WorkspaceChecker, type Finding, type WorkspaceInput } from '../src/index.js';
import { sluiceYaml } from './support/lint.js';
import { stubPlugins } from './support/stub-plugins.js';
import { environment, sourceFile } from './support/workspace.js';

type Files = Readonly<Record<string, string>>;

function inputOf({ 'sluice.yaml': workspace = sluiceYaml, ...flows }: Files): WorkspaceInput {
  const { file } = parseWorkspaceFile(sourceFile('sluice.yaml', workspace));
  if (!file) throw new Error('sluice.yaml cannot be read');
  const sources = Object.entries(flows).map(([name, text]) => sourceFile(name, text));
  return { workspace: file, flows: sources, plugins: stubPlugins, env: environment };
}

const emits = (name: string, type: string) =>
  `sluice: 1\nflow: ${name}\ntrigger: { use: event, with: { types: [order.created] } }\nsteps: [{ id: a, emit: { type: ${type} } }]\n`;
const takes = (name: string, type: string) =>
  `sluice: 1\nflow: ${name}\ntrigger: { use: event, with: { types: [${type}] } }\nsteps: [{ id: a, stop: {} }]\n`;
const reads = (name: string, expression: string) =>
  `sluice: 1\nflow: ${name}\ntrigger: { use: event, with: { types: [order.created] } }\nsteps: [{ id: a, stop: { reason: '\${{ ${expression} }}' } }]\n`;
const signed = (secret: string) =>
  `sluice: 1\nflow: hook\ntrigger: { use: http.endpoint, with: { path: /in/a, signature: { header: x, algorithm: sha256, secret: '\${{ env.${secret} }}' } } }\nsteps: [{ id: a, stop: {} }]\n`;

/** A workspace, and then what is edited in it, one change after another. A file without text is deleted. */
const EDITS: readonly (readonly [what: string, change: Readonly<Record<string, string | undefined>>])[] = [
  ['nothing', {}],
  ['an emitted type', { 'a.yaml': emits('a', 'order.savd') }],
  ['the type that another flow takes', { 'b.yaml': takes('b', 'order.savd') }],
  ['an error', { 'b.yaml': 'sluice: 1\nflow: b\nsteps: []\n' }],
  ['YAML that cannot be read', { 'b.yaml': 'a: b: c\n' }],
  ['a flow of the same name', { 'b.yaml': takes('a', 'order.saved') }],
  ['the name again', { 'b.yaml': takes('b', 'order.saved') }],
  ['a secret that another flow reads', { 'c.yaml': signed('SITE_URL'), 'd.yaml': reads('d', 'env.SITE_URL') }],
  ['the secret', { 'c.yaml': signed('PAYMENT_SECRET') }],
  ['a constant', { 'd.yaml': reads('d', 'vars.fresh') }],
  ['sluice.yaml', { 'sluice.yaml': sluiceYaml.replace('prefix: shop', 'prefix: shop, fresh: 1') }],
  ['a deleted file', { 'b.yaml': undefined }],
];

describe('WorkspaceChecker', () => {
  afterEach(() => void jest.restoreAllMocks());

  it('finds after each change what a check of all files finds', () => {
    const checker = new WorkspaceChecker();
    let files: Files = { 'a.yaml': emits('a', 'order.saved'), 'b.yaml': takes('b', 'order.saved') };
    const codes: Finding['code'][] = [];
    for (const [what, change] of EDITS) {
      const edited = Object.entries({ ...files, ...change }).filter((entry): entry is [string, string] => entry[1] !== undefined);
      files = Object.fromEntries(edited);
      const { findings } = compileWorkspace(inputOf(files));
      expect([what, checker.check(inputOf(files)).findings]).toEqual([what, findings]);
      codes.push(...findings.map(({ code }) => code));
    }
    // the edits show mistakes of each kind
    expect(codes).toEqual(
      expect.arrayContaining(['EVENT_NOBODY_TAKES', 'YAML_QUOTE', 'FLOW_DUPLICATE', 'EXPR_SECRET', 'REF_VAR', 'FLOW_VALUE']),
    );
  });

  it('parses each file once, and after a change only that file', () => {
    const parse = jest.spyOn(Parser.prototype, 'parse');
    const files = Object.fromEntries(
      Array.from({ length: 20 }, (_, index) => [`${index}.yaml`, takes(`f${index}`, `a.b${index}`)]),
    );
    const checker = new WorkspaceChecker();
    checker.check(inputOf(files));
    expect(parse).toHaveBeenCalledTimes(21);
    checker.check(inputOf({ ...files, '3.yaml': takes('f3', 'a.other') }));
    // sluice.yaml is parsed by its own function
    expect(parse).toHaveBeenCalledTimes(21 + 2);
  });

  it('needs time in proportion to the number of flows', () => {
    const seconds = (count: number): number => {
      const files = Object.fromEntries(
        Array.from({ length: count }, (_, index) => [
          `${index}.yaml`,
          `${emits(`e${index}`, `x.y${index}`)}---\n${takes(`t${index}`, `x.y${index}`)}`,
        ]),
      );
      const input = inputOf(files);
      const before = process.cpuUsage();
      new WorkspaceChecker().check(input);
      return process.cpuUsage(before).user;
    };
    seconds(100);
    const ratios = [1, 2, 3].map(() => seconds(400) / seconds(200));
    expect(Math.min(...ratios)).toBeLessThan(2.6);
  });
});
