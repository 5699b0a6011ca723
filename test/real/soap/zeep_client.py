"""Asks the stand-in for 1C for the versions of an interface with zeep. Usage: zeep_client.py <address of the WSDL> <1.1 or 1.2>; prints them as JSON."""
import json
import sys

import zeep

wsdl, version = sys.argv[1:]
service = zeep.Client(wsdl).bind('InterfaceVersion', 'InterfaceVersionSoap12' if version == '1.2' else 'InterfaceVersionSoap')
# the description shows the address of a server inside, as that of 1C does
service._binding_options['address'] = wsdl.split('?')[0]
print(json.dumps(service.GetVersions(InterfaceName='Обмен'), default=str))
