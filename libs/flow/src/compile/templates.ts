import {
  compileCondition,
  compileTemplate,
  compileText,
  parseText,
  type LocationOf,
  type TemplateSource,
} from '../expression/index.js';
import type { Condition, Template, TextTemplate } from '../model.js';
import type { Texts } from '../texts.js';
import type { ScalarNode, YamlNode } from '../yaml/nodes.js';

/** Compiles the values of one file. The values must have been checked and have no errors. */
export class Templates {
  constructor(private readonly texts: Texts) {}

  template(node: YamlNode): Template {
    return compileTemplate(this.sourceOf(node));
  }

  text(node: ScalarNode): TextTemplate {
    return compileText(this.texts.parse(node) ?? parseText(String(node.value)), this.locationOf(node));
  }

  condition(node: ScalarNode): Condition {
    return compileCondition(
      typeof node.value === 'boolean' ? node.value : (this.texts.parse(node) ?? parseText(String(node.value))),
      this.locationOf(node),
    );
  }

  private sourceOf(node: YamlNode): TemplateSource {
    if (node.kind === 'list') return { kind: 'list', items: node.items.map((item) => this.sourceOf(item)) };
    if (node.kind === 'map')
      return { kind: 'map', entries: node.entries.map(({ name, value }) => [name, this.sourceOf(value)] as const) };
    const text = this.texts.parse(node);
    return text ? { kind: 'text', text, locationOf: this.locationOf(node) } : { kind: 'value', value: node.value };
  }

  private locationOf(node: ScalarNode): LocationOf {
    const { source } = this.texts;
    return (offset) => ({ file: source.file, ...source.location(this.texts.span(node, offset, offset).start) });
  }
}
