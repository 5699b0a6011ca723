import { opensExpression } from '../expression/index.js';
import type { Report } from '../report.js';
import type { YamlNode } from '../yaml/nodes.js';

/** Reports keys that are expressions: the keys of a map must be known before expressions are evaluated. */
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
