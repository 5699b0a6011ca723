/** The namespaces of XML Schema, WSDL and 1C. */
export const XS = 'http://www.w3.org/2001/XMLSchema';
export const XSI = 'http://www.w3.org/2001/XMLSchema-instance';
export const WSDL = 'http://schemas.xmlsoap.org/wsdl/';
/** Types of the platform of 1C: Structure, Map, Array, ValueTable … */
export const CORE = 'http://v8.1c.ru/8.1/data/core';
/** References and enumerations of the 1C configuration: CatalogRef.X … */
export const CONFIG = 'http://v8.1c.ru/8.1/data/enterprise/current-config';

/** A name with its namespace, in the form `{namespace}local`. */
export type Name = string;

export const nameIn = (ns: string, local: string): Name => `{${ns}}${local}`;
export const xs = (local: string): Name => nameIn(XS, local);
export const core = (local: string): Name => nameIn(CORE, local);

export const localOf = (name: Name): string => name.slice(name.indexOf('}') + 1);
export const namespaceOf = (name: Name): string => name.slice(1, name.indexOf('}'));
