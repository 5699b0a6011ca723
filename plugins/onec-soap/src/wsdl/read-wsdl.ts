import { withChameleons, type PlacedSchema } from '../schema/chameleon.js';
import { SchemaProblem, Schemas } from '../schema/read-schema.js';
import { nameIn, WSDL, XS, type Name } from '../xml/names.js';
import { childOf, childrenOf, resolveName, XmlProblem, type XmlElement } from '../xml/read-xml.js';
import type { Operation, Service, SoapVersion } from './service.js';

const wsdl = (local: string) => nameIn(WSDL, local);
const BINDING_NAMESPACES: Readonly<Record<SoapVersion, string>> = {
  '1.1': 'http://schemas.xmlsoap.org/wsdl/soap/',
  '1.2': 'http://schemas.xmlsoap.org/wsdl/soap12/',
};

const SCHEMA_IMPORTS: ReadonlySet<Name> = new Set(['import', 'include', 'redefine'].map((local) => nameIn(XS, local)));

/** A document and its path below the base URL. */
export interface PlacedDocument {
  readonly place: string;
  readonly document: XmlElement;
}

/**
 * Reads the service that documents of WSDL 1.1 describe. Supports document/literal wrapped, the only style of 1C; any other operation is
 * added to {@link Service.unusable}, and the others remain usable.
 *
 * @param documents the requested document first, then the imported ones.
 * @throws {@link SchemaProblem} when the service cannot be used at all.
 */
export function readWsdl(documents: readonly PlacedDocument[], version: SoapVersion): Service {
  return new Description(documents, version).service();
}

/** Returns the locations of the imports of the WSDL and of the imports and includes of its schemas. */
export function importsOf(document: XmlElement): string[] {
  const places = [document, ...schemasOf(document)].flatMap(({ children }) =>
    children.flatMap(({ name, attributes }) => {
      if (name === wsdl('import')) return [attributes.get('location')];
      if (SCHEMA_IMPORTS.has(name)) return [attributes.get('schemaLocation')];
      return [];
    }),
  );
  return places.filter((place) => place !== undefined);
}

/** Returns whether the document is a WSDL or an XML Schema. */
export function isDescription({ name }: XmlElement): boolean {
  return name === wsdl('definitions') || name === nameIn(XS, 'schema');
}

function schemasOf(document: XmlElement): XmlElement[] {
  if (document.name === nameIn(XS, 'schema')) return [document];
  return childrenOf(document, wsdl('types')).flatMap((types) => childrenOf(types, nameIn(XS, 'schema')));
}

class Description {
  private readonly definitions: readonly XmlElement[];
  private readonly schemas: Schemas;

  constructor(
    documents: readonly PlacedDocument[],
    private readonly version: SoapVersion,
  ) {
    this.definitions = documents.map(({ document }) => document).filter(({ name }) => name === wsdl('definitions'));
    const namespace = this.definitions[0]?.attributes.get('targetNamespace') ?? '';
    const schemas = documents.flatMap(({ place, document }) =>
      schemasOf(document).map((schema): PlacedSchema => ({ place, schema })),
    );
    this.schemas = new Schemas(withChameleons(schemas), namespace);
  }

  service(): Service {
    const service = this.all('service')[0];
    if (!service) throw new SchemaProblem('the WSDL describes no service');
    const name = service.element.attributes.get('name') ?? '';
    const binding = childrenOf(service.element, wsdl('port'))
      .map((port) => this.named('binding', resolveName(port.attributes.get('binding') ?? '', port.namespaces)))
      .find((one) => childOf(one, this.soap('binding')));
    if (!binding)
      throw new SchemaProblem(
        `the WSDL has no binding for SOAP ${this.version}: set \`soap\` of the connection to the other version`,
      );
    const style = childOf(binding, this.soap('binding'))?.attributes.get('style') ?? 'document';
    const portType = this.named('portType', resolveName(binding.attributes.get('type') ?? '', binding.namespaces));
    const operations = new Map<string, Operation>();
    const unusable = new Map<string, string>();
    for (const bound of childrenOf(binding, wsdl('operation'))) {
      const operationName = bound.attributes.get('name') ?? '';
      try {
        operations.set(operationName, this.operation(bound, portType, style));
      } catch (error) {
        if (!(error instanceof SchemaProblem || error instanceof XmlProblem)) throw error;
        unusable.set(operationName, error.message);
      }
    }
    return { name, operations, unusable, types: this.schemas };
  }

  private operation(bound: XmlElement, portType: XmlElement | undefined, style: string): Operation {
    const name = bound.attributes.get('name') ?? '';
    const soap = childOf(bound, this.soap('operation'));
    const input = childOf(bound, wsdl('input'));
    const body = childOf(input, this.soap('body'));
    if ((soap?.attributes.get('style') ?? style) !== 'document' || body?.attributes.get('use') === 'encoded')
      throw new SchemaProblem('it is not document/literal');
    const header = childOf(input, this.soap('header'));
    if (header)
      throw new SchemaProblem(`it requires the SOAP header ${header.attributes.get('part') ?? ''}, and headers cannot be sent`);
    const abstract = childrenOf(portType ?? bound, wsdl('operation')).find((one) => one.attributes.get('name') === name);
    const request = this.wrapper(childOf(abstract, wsdl('input')), body);
    const response = this.wrapper(childOf(abstract, wsdl('output')), childOf(childOf(bound, wsdl('output')), this.soap('body')));
    if (request === undefined) throw new SchemaProblem('its message is empty or not described');
    const fields = (wrapper: Name) => {
      const found = this.schemas.fieldsOf(wrapper);
      if (!found) throw new SchemaProblem(`the element ${wrapper} is not described`);
      return found;
    };
    return {
      name,
      action: soap?.attributes.get('soapAction') ?? '',
      request,
      parameters: fields(request),
      parameterRules: this.schemas.rulesOf(request),
      ...(response !== undefined && { response }),
      results: response === undefined ? [] : fields(response),
      resultRules: response === undefined ? [] : this.schemas.rulesOf(response),
    };
  }

  /** Returns the element in the body of a message. `parts` of `soap:body` selects the part of the message. */
  private wrapper(end: XmlElement | undefined, body: XmlElement | undefined): Name | undefined {
    if (!end) return undefined;
    const message = this.named('message', resolveName(end.attributes.get('message') ?? '', end.namespaces));
    const wanted = body?.attributes.get('parts')?.split(/\s+/);
    const parts = (message ? childrenOf(message, wsdl('part')) : []).filter(
      ({ attributes }) => wanted?.includes(attributes.get('name') ?? '') ?? true,
    );
    if (parts.length > 1) throw new SchemaProblem('its message has several parts in the body');
    const [part] = parts;
    const element = part?.attributes.get('element');
    if (part && element === undefined) throw new SchemaProblem('it is not document/literal');
    return part && resolveName(element ?? '', part.namespaces);
  }

  private named(kind: string, name: Name): XmlElement | undefined {
    return this.all(kind).find((one) => one.name === name)?.element;
  }

  private all(kind: string): { readonly name: Name; readonly element: XmlElement }[] {
    return this.definitions.flatMap((document) =>
      childrenOf(document, wsdl(kind)).map((element) => ({
        name: nameIn(document.attributes.get('targetNamespace') ?? '', element.attributes.get('name') ?? ''),
        element,
      })),
    );
  }

  private soap(local: string): Name {
    return nameIn(BINDING_NAMESPACES[this.version], local);
  }
}
