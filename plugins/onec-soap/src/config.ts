import { duration } from '@sluice/plugin-api';
import { onecOptions, userWithPassword } from '@sluice/onec';
import { baseUrl } from '@sluice/web-client';
import { z } from 'zod';

const wsdl = z.strictObject({
  cache: z
    .string()
    .min(1)
    .optional()
    .describe(
      'folder for copies of the WSDLs, which only the user of the host can read: with them calls work although 1C is down at the start; `wsdl` in `SLUICE_HOME` when absent',
    ),
  maxAge: duration().prefault('1h').describe('age at which the WSDL is read from 1C again'),
});

/** `connections.<name>.with` */
export const connection = z
  .strictObject({
    baseUrl: baseUrl().describe(
      'address of the web services, such as http://server/base/ws; the address in the WSDL is not used',
    ),
    soap: z.enum(['1.1', '1.2']).default('1.1').describe('version of SOAP, in quotes because it is a text; 1C supports both'),
    wsdl: wsdl.prefault({}).describe('copies of the WSDLs'),
    ...onecOptions,
  })
  .check(userWithPassword);

export type Config = z.output<typeof connection>;
