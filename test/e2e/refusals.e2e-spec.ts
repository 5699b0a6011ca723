import { readdirSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { HostProcess } from '../support/host.js';
import { erpWorkspace, SAVE_FLOW } from '../support/samples.js';
import { makeFolder, makeWorkspace } from '../support/workspace.js';

interface Mistake {
  readonly what: string;
  readonly files: Readonly<Record<string, string>>;
  /** Position of the mistake, as file:line:column. */
  readonly at: string;
  readonly says: RegExp;
}

const flow = (change: (text: string) => string) => ({ 'flows/save.yaml': change(SAVE_FLOW) });

const MISTAKES: readonly Mistake[] = [
  {
    what: 'an unknown key',
    files: flow((text) => text.replace('steps:', 'retries: 5\nsteps:')),
    at: 'flows/save.yaml:5:1',
    says: /FLOW_UNKNOWN_KEY "retries"/,
  },
  {
    what: 'a value of the wrong type',
    files: flow((text) => text.replace('steps:', 'deliver: { expires: 5 }\nsteps:')),
    at: 'flows/save.yaml:5:21',
    says: /FLOW_DURATION/,
  },
  {
    what: 'an invalid expression',
    files: flow((text) => text.replace('trigger.data }}', 'trigger.data == 1 }}')),
    at: 'flows/save.yaml:6:107',
    says: /EXPR_SYNTAX JSONata compares with one "="/,
  },
  {
    what: 'a variable that is not set',
    files: { 'sluice.yaml': erpWorkspace().replace('env.ERP_URL', 'env.ERP_ADDRESS') },
    at: 'sluice.yaml:7:31',
    says: /ENV_MISSING.*ERP_ADDRESS/,
  },
  {
    what: 'two flows with the same name',
    files: { 'flows/twice.yaml': SAVE_FLOW },
    at: 'flows/twice.yaml:3:7',
    says: /FLOW_DUPLICATE.*flows\/save\.yaml:3/,
  },
  {
    what: 'a plugin that throws when it is loaded',
    files: {
      'sluice.yaml': erpWorkspace().replace('plugins: [', "plugins: ['./broken', "),
      'broken/package.json': '{ "name": "broken", "type": "module", "main": "index.js", "sluice": { "api": "^1" } }',
      'broken/index.js': 'throw new Error("no licence file");',
    },
    at: 'sluice.yaml:3:11',
    says: /REF_PLUGIN.*\.\/broken[^]*no licence file/,
  },
];

describe('start with an invalid workspace', () => {
  it.each(MISTAKES)('reports $what with its position and cure, and does not start', async ({ files, at, says }) => {
    const home = makeFolder('home');
    const workspace = makeWorkspace({ 'sluice.yaml': erpWorkspace(), 'flows/save.yaml': SAVE_FLOW, ...files });
    const host = new HostProcess({
      workspace: workspace.path,
      home: home.path,
      env: { ERP_URL: 'http://127.0.0.1:9/base/hs/gate' },
    });
    try {
      host.launch();
      expect(await host.ended()).toEqual({ code: 1, signal: null });
      expect(host.output).toContain(at);
      expect(host.output).toMatch(says);
      expect(host.output).toMatch(/^ +(write|do): \S/m);
      expect(host.output).not.toMatch(/^ +at .*\.js:\d+/m);
      expect(readdirSync(home.path)).toEqual([]);
    } finally {
      await host.dispose();
      workspace.remove();
      home.remove();
    }
  });
});
