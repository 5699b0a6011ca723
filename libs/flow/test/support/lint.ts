import { compile } from './workspace.js';

/** A workspace with a connection of each stub plugin, a constant and a time zone. */
export const sluiceYaml = `sluice: 1
plugins: ['@sluice/plugin-http', '@sluice/plugin-onec-http']
vars: { prefix: shop }
settings: { timezone: Europe/Moscow }
connections:
  erp: { use: onec-http, with: { baseUrl: http://erp/hs, user: sluice, password: '\${{ env.ERP_PASSWORD }}' } }
  soap: { use: onec-soap, with: { baseUrl: http://erp/ws, user: sluice, password: '\${{ env.ERP_PASSWORD }}' } }
  pbx: { use: asterisk-ami, with: { host: pbx, user: sluice, secret: '\${{ env.PBX_SECRET }}' } }
  desktops: { use: tcp-gateway }
  site: { use: http, with: { baseUrl: http://site } }
`;

/** Compiles one flow, and returns its findings as `CODE message → cure` together with the workspace. */
export function lint(text: string, workspace = sluiceYaml) {
  const result = compile({ workspace, flows: { 'a.yaml': text } });
  const findings = result.findings.map(({ code, message, write, do: cure }) => {
    const what = write ?? cure;
    return `${code} ${message}${what === undefined ? '' : ` → ${what}`}`;
  });
  return { findings, flow: result.workspace?.flows[0] };
}

/** Compiles a flow for one event with these steps and these further keys. */
export function lintSteps(steps: string, rest = '') {
  return lint(`sluice: 1\nflow: a\ntrigger: { use: event, with: { types: [order.created] } }\nsteps:\n${steps}\n${rest}`);
}
