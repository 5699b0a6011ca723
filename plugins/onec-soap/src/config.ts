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
      'folder for copies of the WSDLs; `wsdl` in SLUICE_HOME when absent: with them it works while 1C is away at the start',
    ),
  maxAge: duration().prefault('1h').describe('after that long 1C is asked for the WSDL again'),
});

/** `connections.<name>.with` */
export const connection = z
  .strictObject({
    baseUrl: baseUrl().describe('address of the web services, such as http://server/base/ws; that in the WSDL is not used'),
    soap: z.enum(['1.1', '1.2']).default('1.1').describe('version of SOAP; 1C speaks both'),
    wsdl: wsdl.prefault({}),
    ...onecOptions,
  })
  .check(userWithPassword);

export type Config = z.output<typeof connection>;
