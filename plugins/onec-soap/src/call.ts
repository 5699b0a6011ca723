import { action } from '@sluice/plugin-api';
import { emitAnswer, emitAs } from '@sluice/onec';
import { z } from 'zod';
import type { SoapClient } from './client.js';

/** Calls an operation of the service at `<baseUrl>/<service>`; what it returns is the output. */
export const call = action({
  title: 'Call an operation of a web service of 1C',
  input: z.strictObject({
    service: z
      .string()
      .regex(/^[^/\\?#%]+$/, 'the name of the service as it stands in its address, such as ОбменССайтом')
      .describe('name of the web service, or its alias, as it stands behind /ws/'),
    operation: z.string().min(1).describe('name of the operation'),
    arguments: z
      .record(z.string(), z.unknown())
      .default({})
      .describe('parameters by name; those that only come back are left out'),
    json: z
      .boolean()
      .default(false)
      .describe(
        'for services that pass JSON in texts: writes arguments as JSON where the service wants a text, and reads such texts',
      ),
    idArgument: z
      .string()
      .min(1)
      .optional()
      .describe(
        'name of a parameter that gets the id of the call, the same in every repeat: for modules that cannot see X-Request-Id',
      ),
    idempotent: z
      .enum(['yes', 'by-key', 'no'])
      .default('by-key')
      .describe('may it be called again when nobody knows whether it was carried out?'),
    emitAs,
  }),
  output: z.unknown(),
  idempotent: (input) => input.idempotent,
  async run(client: SoapClient, input, call) {
    const { service, operation, json, idArgument } = input;
    const given = idArgument === undefined ? input.arguments : { ...input.arguments, [idArgument]: call.id };
    const result = await client.call({ service, operation, json, arguments: given }, call);
    emitAnswer(call, input.emitAs, questionIn(input.arguments), result);
    return result;
  },
});

/** The map with the `id_request` of the question: the arguments themselves, or the one that carries it. */
function questionIn(given: Readonly<Record<string, unknown>>): unknown {
  const maps = [given, ...Object.values(given)];
  return maps.find((one) => typeof one === 'object' && one !== null && 'id_request' in one);
}
