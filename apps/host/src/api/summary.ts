import { Reflector } from '@nestjs/core';

/**
 * What a route is for, as the OpenAPI document says it. Our own mark: those of `@nestjs/swagger` would load all of it at each start of a
 * host, for a document that is rarely read.
 */
export const Summary = Reflector.createDecorator<string>();
