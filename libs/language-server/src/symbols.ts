import { isSameThing, stepIdProblem, type Mention } from '@sluice/flow';
import type { LanguageWorkspace } from './workspace.js';

/** The reason why a rename is refused. */
export class RenameRefused extends Error {}

/** Returns the name at an offset of a file; undefined when there is none. */
function mentionAt(workspace: LanguageWorkspace, file: string, offset: number): Mention | undefined {
  const here = workspace.mentions().filter((one) => one.file === file && one.start <= offset && offset <= one.end);
  // the shortest: an expression may be inside of a text that names something
  return here.toSorted((a, b) => a.end - a.start - (b.end - b.start))[0];
}

/** Returns the places that define the thing at an offset. The types that a flow takes lead to the steps that emit them, and back. */
export function definitionsAt(workspace: LanguageWorkspace, file: string, offset: number): readonly Mention[] {
  const mention = mentionAt(workspace, file, offset);
  if (!mention) return [];
  const same = workspace.mentions().filter((one) => isSameThing(one, mention));
  if (mention.kind === 'event' && mention.defines) return same.filter(({ defines }) => !defines);
  return same.filter(({ defines }) => defines);
}

/** Returns all places that name the thing at an offset. */
export function referencesAt(
  workspace: LanguageWorkspace,
  file: string,
  offset: number,
  includeDefinition: boolean,
): readonly Mention[] {
  const mention = mentionAt(workspace, file, offset);
  if (!mention) return [];
  return workspace.mentions().filter((one) => isSameThing(one, mention) && (includeDefinition || !one.defines));
}

/** Returns the step at an offset. Throws `RenameRefused` when there is no step, or when not all of its uses can be found. */
export function renamedStepAt(workspace: LanguageWorkspace, file: string, offset: number): Mention {
  const mention = mentionAt(workspace, file, offset);
  if (mention?.kind !== 'step') throw new RenameRefused('only steps can be renamed: put the cursor on the id of a step');
  const [flow, other] = flowsOf(workspace, mention);
  if (!flow || other) throw new RenameRefused(`not exactly one flow is called "${mention.flow}": correct that first`);
  const unread = unreadFor(workspace, flow.name);
  if (unread !== undefined)
    throw new RenameRefused(`${unread}, so not every use of "${mention.name}" is known: correct it first`);
  if (flow.stepIds.filter((id) => id === mention.name).length !== 1)
    throw new RenameRefused(`"${mention.name}" is not the id of exactly one step of the flow "${flow.name}"`);
  return mention;
}

/** Returns all places of the step at an offset. Throws `RenameRefused`, with the reason, for a new id that is not valid or is taken. */
export function renameStep(workspace: LanguageWorkspace, file: string, offset: number, newId: string): readonly Mention[] {
  const mention = renamedStepAt(workspace, file, offset);
  const problem = stepIdProblem(newId);
  if (problem !== undefined) throw new RenameRefused(problem);
  if (newId === mention.name) return [];
  const [flow] = flowsOf(workspace, mention);
  if (flow?.stepIds.includes(newId)) throw new RenameRefused(`the flow "${flow.name}" already has a step "${newId}"`);
  return workspace.mentions().filter((one) => isSameThing(one, mention));
}

function flowsOf(workspace: LanguageWorkspace, { flow }: Mention) {
  return workspace.flowFiles().flatMap(({ flows }) => flows.filter(({ name }) => name === flow));
}

/** Returns the reason why a use of a step of the flow may be hidden: an error in the file of the flow, or in a file with tests. */
function unreadFor(workspace: LanguageWorkspace, flow: string): string | undefined {
  const files = workspace
    .flowFiles()
    .filter(({ flows, documents }) => flows.length === 0 || documents.some((one) => one.flow === flow));
  return files.map(({ unread }) => unread).find((reason) => reason !== undefined);
}
