import { ENGINE_CODES } from '@sluice/plugin-api';
import { readFields, type Fields, type KeyTable } from '../grammar/fields.js';
import { readChoice, readTemplateText, readText, writing } from '../grammar/values.js';
import { mapSchema, TEXT } from '../json-schema.js';
import type { RaiseStep } from '../model.js';
import type { Report } from '../report.js';
import type { YamlNode } from '../yaml/nodes.js';
import { valuesGiven } from './given.js';
import type { RaiseDraft } from './drafts.js';
import type { Verb } from './verb.js';

const RAISE: KeyTable = {
  of: 'raise',
  keys: ['code', 'message', 'fate', 'details'],
  cures: { error: () => 'code', type: () => 'code', reason: () => 'message', text: () => 'message', data: () => 'details' },
  adds: {
    code: { do: 'add a code, for instance "code: NOTHING_RESERVED"' },
    message: { do: 'add a message for the person who reads the parked run' },
  },
};
const FATES = ['rejected', 'fatal'] as const;
const CODE = /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/;
const MAX_CODE_LENGTH = 63;

/** Fails with an error of the flow, or raises the error of the surrounding `catch` again. */
export const raise: Verb<RaiseDraft, RaiseStep> = {
  keys: [],
  ends: 'raises an error',
  read(value, { common, report, around }) {
    const fields = value && readFields(value, RAISE, report);
    if (!fields) return undefined;
    if (fields.node.entries.length === 0) {
      if (around.inCatch) return { ...common, verb: 'raise' };
      report.error(
        fields.node,
        'FLOW_VALUE',
        'raise: {} raises the error of the surrounding catch again, and there is none here',
        {
          do: 'name the error: raise: { code: NOTHING_RESERVED, message: … }',
        },
      );
      return undefined;
    }
    const code = readCode(fields, report);
    const message = readTemplateText(fields.need('message'), 'message', report);
    const fate = readFate(fields.get('fate'), report);
    const details = fields.get('details');
    const codeNode = fields.get('code');
    if (code === undefined || codeNode === undefined || !message) return undefined;
    return { ...common, verb: 'raise', error: { code, codeNode, fate, message, ...(details && { details }) } };
  },
  check({ error }, { plugins, report }) {
    const owner = error && ownerOf(error.code, plugins.byName.keys());
    if (!error || owner === undefined) return;
    report.error(error.codeNode, 'FLOW_VALUE', `${error.code} looks like a code of the plugin ${owner}`, {
      do: `choose a code that does not begin with ${error.code.slice(0, error.code.indexOf('_') + 1)}, such as NOTHING_RESERVED`,
    });
  },
  values: ({ error }) => valuesGiven({ message: error?.message, details: error?.details }),
  shape: () => undefined,
  schema: () => ({
    anyOf: [
      mapSchema(
        {
          code: { type: 'string', pattern: CODE.source },
          message: TEXT,
          fate: { enum: FATES, default: 'rejected' },
          details: {},
        },
        ['code', 'message'],
      ),
      { type: 'object', maxProperties: 0 },
    ],
  }),
  build: ({ error }, { common, templates }) => ({
    ...common,
    verb: 'raise',
    ...(error && {
      error: {
        code: error.code,
        fate: error.fate,
        message: templates.text(error.message),
        ...(error.details && { details: templates.template(error.details) }),
      },
    }),
  }),
};

/** Returns the plugin whose codes begin like this one: with its name, or with the first word of it. */
function ownerOf(code: string, plugins: Iterable<string>): string | undefined {
  for (const plugin of plugins) {
    const name = plugin.toUpperCase().replaceAll('-', '_');
    const family = name.split('_', 1)[0] as string;
    if (code.startsWith(`${name}_`) || code.startsWith(`${family}_`)) return plugin;
  }
  return undefined;
}

function readCode(fields: Fields, report: Report): string | undefined {
  const node = fields.need('code');
  const code = readText(node, 'code', report);
  if (code === undefined || node === undefined) return undefined;
  if (!CODE.test(code) || code.length > MAX_CODE_LENGTH) {
    const meant = code
      .trim()
      .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
      .replace(/[\s.-]+/g, '_')
      .toUpperCase();
    report.error(
      node,
      'FLOW_NAME',
      `"${code}" is not a valid code of an error`,
      CODE.test(meant) && meant.length <= MAX_CODE_LENGTH
        ? writing(node, 'code', meant)
        : { do: `use capital Latin letters, digits and _, a letter first, at most ${MAX_CODE_LENGTH}: NOTHING_RESERVED` },
    );
    return undefined;
  }
  if (Object.hasOwn(ENGINE_CODES, code) || code.startsWith('EXPR_')) {
    report.error(node, 'FLOW_VALUE', `${code} is a code of the engine, which handles it in its own way`, {
      do: 'choose a code of your own, such as NOTHING_RESERVED',
    });
    return undefined;
  }
  return code;
}

/** The fates of plugins that a flow cannot raise: nobody would repeat the step. */
function readFate(node: YamlNode | undefined, report: Report): 'rejected' | 'fatal' {
  if (node?.kind === 'scalar' && (node.value === 'retry' || node.value === 'overload' || node.value === 'unavailable')) {
    report.error(
      node,
      'FLOW_VALUE',
      `a flow cannot raise an error with the fate ${node.value}: a repetition would change nothing`,
      {
        write: 'fate: rejected',
      },
    );
    return 'rejected';
  }
  return readChoice(node, 'fate', FATES, report) ?? 'rejected';
}
