import { opensExpression } from '../expression/index.js';
import type { Report } from '../report.js';
import type { YamlNode } from '../yaml/nodes.js';

/** Keys are never expressions: YAML would need them before anything is evaluated. */
export function refuseExpressionKeys(node: YamlNode, report: Report): void {
  if (node.kind === 'list') for (const item of node.items) refuseExpressionKeys(item, report);
  if (node.kind !== 'map') return;
  for (const { name, key, value } of node.entries) {
    if (opensExpression(name)) {
      const source = name.replace(/^\$\{\{\s*|\s*\}\}$/g, '');
      report.error(key, 'EXPR_IN_KEY', 'a key cannot be an expression', {
        write: `'\${{ {${source}: …} }}'  (the whole object in JSONata)`,
      });
    }
    refuseExpressionKeys(value, report);
  }
}
