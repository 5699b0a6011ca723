import { action } from '@sluice/plugin-api';
import { emitAnswer, emitAs } from '@sluice/onec';
import { z } from 'zod';
import type { SoapClient } from './client.js';

/** Calls an operation of the service at `<baseUrl>/<service>`; its output is the result of the operation. */
export const call = action({
  title: 'Call an operation of a web service of 1C',
  input: z.strictObject({
    service: z
      .string()
      .regex(/^[^/\\?#%]+$/, 'must be the name of the service in its address, such as ОбменССайтом')
      .describe('name or alias of the web service, as in its address after /ws/'),
    operation: z.string().min(1).describe('name of the operation'),
    arguments: z.record(z.string(), z.unknown()).default({}).describe('parameters by name, without those that are only returned'),
    json: z
      .boolean()
      .default(false)
      .describe(
        'for services that pass JSON in strings: writes arguments as JSON where the type is a string, and parses such results',
      ),
    idArgument: z
      .string()
      .min(1)
      .optional()
      .describe(
        'name of the parameter for the id of the call, which is the same in every repeat: modules cannot read X-Request-Id',
      ),
    idempotent: z
      .enum(['yes', 'by-key', 'no'])
      .default('by-key')
      .describe(
        'whether to repeat a call with an unknown outcome; `by-key`: the service recognizes repeats by the id of the call',
      ),
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

/** Returns the map that contains `id_request`: the arguments themselves or one of their values. */
function questionIn(given: Readonly<Record<string, unknown>>): unknown {
  const maps = [given, ...Object.values(given)];
  return maps.find((one) => typeof one === 'object' && one !== null && 'id_request' in one);
}
