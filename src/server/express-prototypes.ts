import { IncomingMessage, ServerResponse } from "node:http";
import type { Express } from "express";

/** Options of `createServer`: what Node constructs for each request. */
export interface MessageClasses {
  readonly IncomingMessage: typeof IncomingMessage;
  readonly ServerResponse: typeof ServerResponse<IncomingMessage>;
}

/**
 * Makes requests and responses that have an Express application's prototypes from birth. Express sets them on
 * each request (`Object.setPrototypeOf` in express/lib/application.js, `handle`), after which V8 treats the
 * object as a slow one: more than half of a small server's throughput (expressjs/express#5998). Where they are
 * set already that line does nothing. Routers may be mounted, sub-applications not: they set their own.
 */
export function expressMessageClasses(app: Express): MessageClasses {
  class ExpressRequest extends IncomingMessage {}
  class ExpressResponse extends ServerResponse {}
  Object.setPrototypeOf(ExpressRequest.prototype, app.request);
  Object.setPrototypeOf(ExpressResponse.prototype, app.response);
  // What `handle` sets on every request.
  Object.defineProperty(app, "request", { value: ExpressRequest.prototype });
  Object.defineProperty(app, "response", { value: ExpressResponse.prototype });
  return { IncomingMessage: ExpressRequest, ServerResponse: ExpressResponse };
}
