/** Returns a `sluice.yaml` with one connection to 1C, `erp`, at `env.ERP_URL`. */
export function erpWorkspace(
  options: { readonly with?: string; readonly pace?: string; readonly more?: string; readonly plugins?: readonly string[] } = {},
): string {
  const plugins = ['@sluice/plugin-http', '@sluice/plugin-onec-http', ...(options.plugins ?? [])];
  return `
sluice: 1
plugins: [${plugins.map((name) => `'${name}'`).join(', ')}]
connections:
  erp:
    use: onec-http
    with: { baseUrl: '\${{ env.ERP_URL }}'${options.with === undefined ? '' : `, ${options.with}`} }
    pace: { concurrency: { start: 10, max: 10 }${options.pace === undefined ? '' : `, ${options.pace}`} }
${options.more ?? ''}`;
}

/** A flow that calls 1C once for each event `order.created`, in its step `order`. */
export const SAVE_FLOW = `
sluice: 1
flow: save
trigger: { use: event, with: { types: [order.created] } }
steps:
  - { id: order, use: onec-http.call, connection: erp, with: { method: SaveOrder, data: '\${{ trigger.data }}' } }
`;

/** Flow and step of the call in {@link SAVE_FLOW}, for `judge`. */
export const SAVE_CALL = { flow: 'save', step: 'order' } as const;
