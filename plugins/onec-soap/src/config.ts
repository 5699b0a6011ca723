import { duration } from '@sluice/plugin-api';
import { onecOptions, userWithPassword } from '@sluice/onec';
import { baseUrl } from '@sluice/web-client';
import { z } from 'zod';

const wsdl = z.strictObject({
  cache: z
    .string()
    .min(1)
    .optional()
    .describe('folder for copies of the WSDLs, used when 1C cannot be reached at the start; `wsdl` in SLUICE_HOME when absent'),
  maxAge: duration().prefault('1h').describe('age at which the WSDL is read from 1C again'),
});

/** `connections.<name>.with` */
export const connection = z
  .strictObject({
    baseUrl: baseUrl().describe(
      'address of the web services, such as http://server/base/ws; the address in the WSDL is not used',
    ),
    soap: z.enum(['1.1', '1.2']).default('1.1').describe('version of SOAP; 1C supports both'),
    wsdl: wsdl.prefault({}),
    ...onecOptions,
  })
  .check(userWithPassword);

export type Config = z.output<typeof connection>;
