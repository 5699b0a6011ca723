import { Reflector } from '@nestjs/core';

/**
 * Sets the summary of a route in the OpenAPI document. The decorators of `@nestjs/swagger` would load the whole package at each start of a
 * host, for a document that is rarely read.
 */
export const Summary = Reflector.createDecorator<string>();
