import { failures } from '@sluice/plugin-api';

/** What 1C says beyond the shared codes; both connectors to it speak of the same troubles. */
export { onec } from '@sluice/onec';

/** What only a web service can be wrong about. */
export const soap = failures({
  // nothing has been sent, and nothing is wrong with the data: the call waits until the description can be read
  ONEC_WSDL: {
    fate: 'unavailable',
    cure: 'open the address with ?wsdl in a browser, as the user of the connection: it must show XML',
  },
  ONEC_WSDL_UNSUPPORTED: { fate: 'fatal', cure: 'publish the service as 1C does: document/literal, SOAP 1.1 or 1.2' },
  ONEC_SOAP_PROTOCOL: {
    fate: 'fatal',
    cure: 'set `soap` of the connection to the version that the service speaks; a service that demands SOAP headers cannot be called',
  },
  ONEC_ARGUMENT: { fate: 'rejected', cure: 'correct `arguments` of the step: names and types are those of the WSDL' },
});
