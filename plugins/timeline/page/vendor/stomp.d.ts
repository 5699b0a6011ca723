/** A script that sets `globalThis.StompJs`: https://stomp-js.github.io/api-docs/latest/classes/Client.html */
export {};
