import { failures } from '@sluice/plugin-api';

/** Errors of 1C beyond the shared codes; both connectors to 1C use the same ones. */
export { onec } from '@sluice/onec';

/** Errors that only web services have. */
export const soap = failures({
  // the call was not sent and its data is not at fault: it waits until the WSDL can be read
  ONEC_WSDL: {
    fate: 'unavailable',
    cure: 'open the address with ?wsdl in a browser, as the user of the connection: it must show XML',
  },
  ONEC_WSDL_UNSUPPORTED: {
    fate: 'fatal',
    cure: 'publish the service as document/literal over SOAP 1.1 or 1.2, which is the form of 1C',
  },
  ONEC_SOAP_PROTOCOL: {
    fate: 'fatal',
    cure: 'set `soap` of the connection to the version that the service supports; a service that demands SOAP headers cannot be called',
  },
  ONEC_ARGUMENT: { fate: 'rejected', cure: 'correct `arguments` of the step: their names and types must be those of the WSDL' },
});
