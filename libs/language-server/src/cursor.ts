import {
  analyseFile,
  cursorInExpression,
  mentionsOf,
  namesAfter,
  visibleInWorkspaceFile,
  type ExpressionCursor,
  type FlowNames,
  type VisibleName,
} from '@sluice/flow';
import { yamlPositionAt, repair, valueAt, type YamlPosition, type Repaired } from './yaml-position.js';
import { SETTINGS_FILE, type LanguageWorkspace } from './workspace.js';

type Visible = Parameters<typeof namesAfter>[0];

/** A text of a workspace with an offset in it. */
export interface TextPosition {
  readonly workspace: LanguageWorkspace;
  readonly file: string;
  readonly text: string;
  readonly offset: number;
}

/** The cursor in a text: its position in the YAML, and in the expression when it is in one. */
export class Cursor {
  readonly position: YamlPosition | undefined;
  /** Undefined outside of expressions. */
  readonly expression: ExpressionCursor | undefined;
  private repairedText: Repaired | undefined;
  private foundNames: { readonly visible: Visible | undefined } | undefined;

  constructor(readonly at: TextPosition) {
    this.position = yamlPositionAt(at.text, at.offset);
    const typed = this.position?.typed ?? '';
    this.expression = typed.includes('${{') ? cursorInExpression(typed) : undefined;
  }

  /** The text with a placeholder at the cursor. */
  get repaired(): Repaired | undefined {
    const { text, offset } = this.at;
    if (!this.position) return undefined;
    const open = this.position.typed.lastIndexOf('${{');
    const from = this.expression ? this.position.start + open : this.position.start;
    return (this.repairedText ??= repair(text, offset, this.position, from, this.expression !== undefined));
  }

  /** The values of the document that contains the cursor. */
  get value(): unknown {
    return this.repaired?.value;
  }

  /** The roots that an expression at the cursor can read; undefined when the flow cannot be read. */
  get visible(): Visible | undefined {
    this.foundNames ??= { visible: this.findVisible() };
    return this.foundNames.visible;
  }

  /** The names that can follow a path in an expression at the cursor. */
  namesAfter(path: readonly string[]): readonly VisibleName[] {
    const { visible } = this;
    if (!visible) return [];
    const [root] = path;
    // in a condition of a test these roots are maps by step id
    if (path.length === 1 && (root === 'calls' || root === 'steps') && visible.others?.includes(root))
      return (this.flow?.stepIds ?? []).map((id) => ({ name: id, written: id, kind: 'step', detail: 'a step of the flow' }));
    return namesAfter(visible, path);
  }

  /** The flow that the document with the cursor contains or tests, as far as it can be read. */
  get flow(): FlowNames | undefined {
    const { workspace, file } = this.at;
    const { repaired } = this;
    const name = valueAt(this.value, ['flow']);
    const own = repaired ? mentionsOf({ file, bytes: Buffer.from(repaired.text) }).flows : [];
    const others = workspace.flowFiles().filter(({ source }) => source.file !== file);
    return [...own, ...others.flatMap(({ flows }) => flows)].find((flow) => flow.name === name);
  }

  private findVisible(): Visible | undefined {
    const { workspace, file } = this.at;
    const input = workspace.analysisInput();
    const { repaired } = this;
    if (!input || !repaired) return undefined;
    if (file === SETTINGS_FILE) return visibleInWorkspaceFile(input);
    const others = workspace.sources().flows.filter((other) => other.file !== file);
    return analyseFile(input, { file, bytes: Buffer.from(repaired.text) }, others).visibleAt(repaired.mark);
  }
}
