import type { AnyPlugin, Objection } from '@sluice/plugin-api';
import { FINDING_CODES } from '../codes.js';
import { flowsOf } from '../compile/flow-files.js';
import { isTestFile } from '../compile/test-files.js';
import type { ConnectionSpec, Finding, SourceFile } from '../model.js';
import { replacing, Report, sortFindings, type Cure } from '../report.js';
import { textsOf, type Texts } from '../texts.js';
import { stepsOf, type UseDraft } from '../verbs/index.js';
import { entryOf, nodeAt, setOwn, type YamlNode } from '../yaml/nodes.js';
import { scalarText } from '../yaml/spell.js';

/** The parts of a workspace without errors. */
export interface RemoteCheckInput {
  readonly flows: readonly SourceFile[];
  /** By the `name` that the plugin itself exports. */
  readonly plugins: ReadonlyMap<string, AnyPlugin>;
  readonly connections: ReadonlyMap<string, ConnectionSpec>;
  /** The folder of the host in which plugins keep copies. */
  readonly folder?: string;
}

/**
 * Checks steps against the remote systems of their connections, such as for an operation that a web service does not have.
 * Only plugins with a `lint` function take part, and they check only rules that no schema expresses. A remote system that cannot be
 * reached produces no finding. Waits for all of them, until the signal is aborted.
 */
export async function checkRemotes(input: RemoteCheckInput, signal: AbortSignal): Promise<readonly Finding[]> {
  const found = await Promise.all(input.flows.flatMap((file) => (isTestFile(file) ? [] : checkRemote(file, input, signal))));
  return sortFindings(found.flat());
}

function checkRemote(file: SourceFile, input: RemoteCheckInput, signal: AbortSignal): Promise<readonly Finding[]>[] {
  const { report, flows: drafts } = flowsOf(file);
  const { source } = report;
  const texts = textsOf(source);
  const steps = drafts.flatMap((draft) => [...stepsOf(draft)]).filter((step) => step.verb === 'use');
  return steps.map(async (step) => {
    const objections = await objectionsTo(step, texts, input, signal);
    const own = new Report(source);
    for (const objection of objections) reportObjection(objection, step, own);
    return own.findings;
  });
}

async function objectionsTo(
  { plugin: name, action, connection, with: node }: UseDraft,
  texts: Texts,
  { plugins, connections, folder }: RemoteCheckInput,
  signal: AbortSignal,
): Promise<readonly Objection[]> {
  const plugin = plugins.get(name);
  const spec = connections.get(String(connection?.value));
  if (!plugin?.lint || !spec) return [];
  const input = node ? knownPartOf(node, texts) : {};
  return plugin.lint({ action, input, ...(folder !== undefined && { folder }) }, spec.config, signal);
}

/** Returns the value as far as it is known before a run: texts with expressions become undefined. */
function knownPartOf(node: YamlNode, texts: Texts): unknown {
  if (node.kind === 'scalar') return texts.hasExpression(node) ? undefined : node.value;
  if (node.kind === 'list') return node.items.map((item) => knownPartOf(item, texts));
  const value: Record<string, unknown> = {};
  for (const entry of node.entries) setOwn(value, entry.name, knownPartOf(entry.value, texts));
  return value;
}

function reportObjection({ path, message, key, write }: Objection, step: UseDraft, report: Report): void {
  const root: YamlNode = step.with ?? step.use;
  const name = key && entryOf(nodeAt(root, path.slice(0, -1)), String(path.at(-1)))?.key;
  const named = name ?? nodeAt(root, path);
  const cure = cureOf(write, named);
  report.error(named ?? nearestNode(root, path), 'REF_REMOTE', message, cure);
}

function cureOf(write: string | undefined, named: YamlNode | undefined): Cure {
  if (write === undefined) return { do: FINDING_CODES.REF_REMOTE.cure };
  return named?.kind === 'scalar' ? replacing(named, scalarText(write), write) : { write };
}

/** Returns the node at the path, or the deepest node that exists on the path. */
function nearestNode(root: YamlNode, path: Objection['path']): YamlNode {
  for (let length = path.length; length > 0; length--) {
    const found = nodeAt(root, path.slice(0, length));
    if (found) return found;
  }
  return root;
}
