import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { shellIn, sluiceIn } from '../support/terminal.js';
import { START_TIMEOUT_MS } from '../support/until.js';
import { makeFolder, type Folder } from '../support/workspace.js';

/** No address of npm: an installation from it fails. */
const OFFLINE = { npm_config_registry: 'http://127.0.0.1:9/', npm_config_fetch_retries: '0', npm_config_audit: 'false' };
const TRIGGERS = ['event', 'http', 'schedule', 'flow', 'asterisk', 'desktop', 'timeline'];
/** The variables that the commands name for the connections of these tests. */
const ENV = { PBX_HOST: '127.0.0.1', PBX_USER: 'sluice', PBX_SECRET: 'a-secret' };

let parent: Folder;

beforeAll(() => {
  parent = makeFolder('scaffold');
});

afterAll(() => parent?.remove());

const filesIn = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('node_modules'))
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();

describe('sluice init', () => {
  it('creates a workspace outside of this repository whose printed next steps work without a network', async () => {
    const { code, stdout } = await sluiceIn(parent.path, ['init', 'мой склад']);
    expect(code).toBe(0);
    const folder = path.join(parent.path, 'мой склад');
    const listed = [...stdout.matchAll(/^ {2}(\S+)$/gm)].map(([, file]) => file);
    expect(listed.sort()).toEqual(filesIn(folder));

    const steps = stdout.slice(stdout.indexOf('next:')).match(/^ {2}.*$/gm) ?? [];
    const [enter = '', install = '', test = ''] = steps.map((step) => step.replace(/\s+#.*$/, '').trim());
    expect([enter, install, test]).toEqual(['cd "мой склад"', 'npm install', 'npx sluice test']);
    const tested = await shellIn(parent.path, `${enter} && ${install} && ${test}`, OFFLINE);
    expect(tested).toMatchObject({ code: 0, stderr: expect.stringMatching(/^4 passed, 0 failed, in 1 flow/m) });
    expect(await shellIn(folder, 'npx sluice lint && npm test', OFFLINE)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('1 flow, 0 findings'),
    });
  });

  it('accepts a repository of git without files, and refuses any other folder that is not empty', async () => {
    mkdirSync(path.join(parent.path, 'repository', '.git'), { recursive: true });
    expect(await sluiceIn(parent.path, ['init', 'repository'])).toMatchObject({ code: 0 });
    expect(await sluiceIn(parent.path, ['init', 'repository'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('repository is a workspace already: add a flow to it with "sluice new flow NAME"'),
    });
    mkdirSync(path.join(parent.path, 'used'));
    for (const name of ['a', 'b', 'c', 'd']) writeFileSync(path.join(parent.path, 'used', name), '');
    expect(await sluiceIn(parent.path, ['init', 'used'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/used is not empty \(a, b, c and 1 more\): .* sluice init used\/sluice-flows\n$/),
    });
    expect(filesIn(path.join(parent.path, 'used'))).toEqual(['a', 'b', 'c', 'd']);
  });

  it('names the folder that it cannot create', async () => {
    writeFileSync(path.join(parent.path, 'file'), '');
    expect(await sluiceIn(parent.path, ['init', 'file'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is a file'),
    });
    // the files of the kernel are read-only for root too
    expect(await sluiceIn(parent.path, ['init', '/proc/sluice'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^sluice: \/proc\/sluice: .*choose/),
    });
  });
});

describe('sluice new', () => {
  let folder: string;

  beforeAll(async () => {
    folder = path.join(parent.path, 'shop');
    expect(await sluiceIn(parent.path, ['init', 'shop'])).toMatchObject({ code: 0 });
  });

  it('adds connections to sluice.yaml and leaves its other lines as they are', async () => {
    const before = readFileSync(path.join(folder, 'sluice.yaml'), 'utf8').split('\n');
    for (const [name, plugin] of [
      ['pbx', 'asterisk-ami'],
      ['desktops', 'tcp-gateway'],
      ['journal', '@sluice/plugin-timeline'],
    ] as const) {
      expect(await sluiceIn(folder, ['new', 'connection', name, '--plugin', plugin])).toMatchObject({ code: 0 });
    }
    const after = readFileSync(path.join(folder, 'sluice.yaml'), 'utf8').split('\n');
    expect(before.filter((line) => !after.includes(line))).toEqual([]);
    expect(after.filter((line) => !before.includes(line))).toEqual([
      "  - '@sluice/plugin-asterisk-ami'",
      "  - '@sluice/plugin-tcp-gateway'",
      "  - '@sluice/plugin-timeline'",
      '  pbx:',
      '    use: asterisk-ami',
      '      host: ${{ env.PBX_HOST }}',
      '      user: ${{ env.PBX_USER }}',
      '      secret: ${{ env.PBX_SECRET }}',
      '  desktops:',
      '    use: tcp-gateway',
      '  journal:',
      '    use: timeline',
    ]);
    expect(await sluiceIn(folder, ['lint'])).toMatchObject({ code: 1, stdout: expect.stringContaining('ENV_MISSING') });
    expect(await sluiceIn(folder, ['lint'], ENV)).toMatchObject({ code: 0 });
  });

  it('creates a flow for each trigger that has no finding and passes its tests', async () => {
    for (const trigger of TRIGGERS) {
      const made = await sluiceIn(folder, ['new', 'flow', `by-${trigger}`, '--trigger', trigger]);
      expect(made).toMatchObject({ code: 0, stdout: expect.stringContaining(`npx sluice test flows/by-${trigger}.yaml`) });
    }
    const linted = await sluiceIn(folder, ['lint'], ENV);
    expect(linted).toEqual({ code: 0, stdout: '', stderr: `${TRIGGERS.length + 1} flows, 0 findings\n` });
    const tested = await sluiceIn(folder, ['test']);
    expect(tested).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(new RegExp(`^\\d+ passed, 0 failed, in ${TRIGGERS.length + 1} flows`, 'm')),
    });
  });

  it('answers typos, names that cannot be, known names and missing connections with what to write', async () => {
    const answers = [
      [['new', 'flwo', 'x'], 2, 'Did you mean flow?'],
      [['inti'], 2, 'Did you mean init?'],
      [['new', 'flow', 'x', '--trigger', 'astersik'], 2, 'Allowed choices are event, http'],
      [['new', 'flow', 'My Flow'], 2, 'such as my-flow'],
      [['new', 'flow', 'Заказы'], 2, 'small Latin letters, digits and single dashes'],
      [['new', 'flow', '../evil'], 2, 'cannot be the name of a flow'],
      [['new', 'plugin', '..'], 2, 'cannot be the name of a plugin'],
      [['new', 'connection', 'ERP', '--plugin', 'http'], 2, 'such as erp'],
      [['new', 'flow', 'orders'], 1, 'the flow "orders" is in flows/orders.yaml already'],
      [['new', 'connection', 'erp', '--plugin', 'http'], 1, 'has a connection "erp" already'],
      [['new', 'connection', 'crm', '--plugin', 'htpp'], 1, 'no plugin is called "htpp": did you mean http?'],
      [['new', 'flow', 'x', '--connection', 'epr'], 1, 'did you mean erp?'],
    ] as const;
    for (const [args, code, text] of answers) {
      expect(await sluiceIn(folder, args)).toMatchObject({ code, stderr: expect.stringContaining(text) });
    }
    expect(await sluiceIn(parent.path, ['new', 'flow', 'x'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/is no workspace: create one with "sluice init DIR"/),
    });
    const bare = path.join(parent.path, 'bare');
    mkdirSync(bare);
    writeFileSync(path.join(bare, 'sluice.yaml'), 'sluice: 1\nplugins: []\n');
    expect(await sluiceIn(bare, ['new', 'flow', 'x'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('sluice new connection erp --plugin onec-http'),
    });
    expect(await sluiceIn(bare, ['new', 'connection', 'erp', '--plugin', 'onec-http'])).toMatchObject({ code: 0 });
    expect(await sluiceIn(bare, ['new', 'flow', 'x'])).toMatchObject({ code: 0 });
    expect(await sluiceIn(bare, ['lint'], { ERP_URL: 'http://127.0.0.1:9/hs/gate' })).toMatchObject({ code: 0 });
  });

  it(
    'creates a plugin that builds, passes its contract tests without a network, and runs in the workspace',
    async () => {
      const { code, stdout } = await sluiceIn(folder, ['new', 'plugin', 'my-crm']);
      expect(code).toBe(0);
      const steps = [...stdout.matchAll(/^ {2}(.*?)\s*(?:#.*)?$/gm)].map(([, step]) => step);
      expect(steps).toEqual(['npm install', 'cd plugins/my-crm', 'npm test']);
      const { stderr, code: tested } = await shellIn(folder, steps.join(' && '), OFFLINE);
      expect(stderr).toMatch(/Tests: +16 passed, 16 total/);
      expect(tested).toBe(0);
      const [, add = ''] = /^then, in the workspace: npx sluice (.*)$/m.exec(stdout) ?? [];
      expect(await sluiceIn(folder, add.split(' '))).toMatchObject({
        code: 0,
        stdout: expect.stringContaining('set MY_CRM_URL, MY_CRM_TOKEN'),
      });
      writeFileSync(
        path.join(folder, 'flows', 'crm.yaml'),
        [
          'sluice: 1',
          'flow: crm',
          'trigger: { use: my-crm.received, connection: my-crm }',
          'steps:',
          "  - { id: sent, use: my-crm.send, connection: my-crm, with: { to: '${{ trigger.data.from }}', text: спасибо } }",
          'tests:',
          '  - name: the sender is thanked',
          '    trigger: { data: { from: ivanov, text: да } }',
          '    mocks: { sent: { output: { id: m-1 } } }',
          '    expect: { calls: { sent: { to: ivanov, text: спасибо } } }',
          '',
        ].join('\n'),
      );
      const env = { ...ENV, MY_CRM_URL: 'http://127.0.0.1:9', MY_CRM_TOKEN: 'a-secret' };
      expect(await sluiceIn(folder, ['lint', 'flows/crm.yaml'], env)).toMatchObject({ code: 0 });
      expect(await sluiceIn(folder, ['test', 'flows/crm.yaml'])).toMatchObject({
        code: 0,
        stderr: '1 passed, 0 failed, in 1 flow\n',
      });
      expect(await sluiceIn(folder, ['new', 'plugin', 'my-crm'])).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('exists already'),
      });
    },
    START_TIMEOUT_MS,
  );
});
