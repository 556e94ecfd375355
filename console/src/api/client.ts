/** The API of callbot, typed by its OpenAPI description (`npm run client`). Every refusal becomes an `ApiError`. */

import createClient, { type Middleware } from "openapi-fetch";
import type { paths } from "./schema";

/** What the server said when it refused: what, where, and what to do. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly where: string,
    readonly hint: string,
    readonly requestId: string,
    /** All that is wrong, where several things are. */
    readonly problems: readonly WrongThing[] = [],
  ) {
    super(message);
  }
}

export type WrongThing = { where: string; message: string; hint: string };

type Refusal = { code?: string; message?: string; where?: string; hint?: string; problems?: WrongThing[] };

export async function refusalOf(response: Response): Promise<ApiError> {
  const body: Refusal = await response
    .clone()
    .json()
    .catch(() => ({}));
  return new ApiError(
    response.status,
    body.code ?? String(response.status),
    body.message ?? response.statusText,
    body.where ?? "",
    body.hint ?? "",
    response.headers.get("X-Request-Id") ?? "",
    body.problems ?? [],
  );
}

const signedOut = new Set<() => void>();

/** Calls `listener` when the server no longer knows the session; returns how to stop that. */
export function onSignedOut(listener: () => void): () => void {
  signedOut.add(listener);
  return () => signedOut.delete(listener);
}

const refusals: Middleware = {
  async onResponse({ response }) {
    if (response.ok) return;
    const refusal = await refusalOf(response);
    if (refusal.status === 401) for (const listener of signedOut) listener();
    throw refusal;
  },
};

/** The server answers in the console's language, and takes changes from its own pages only. */
const ours: Middleware = {
  onRequest({ request }) {
    request.headers.set("Accept-Language", document.documentElement.lang);
    if (!["GET", "HEAD"].includes(request.method)) request.headers.set("X-CSRF-Token", csrfToken());
    return request;
  },
};

export function csrfToken(): string {
  const cookie = document.cookie.split("; ").find((each) => each.startsWith("callbot_csrf="));
  return decodeURIComponent(cookie?.slice("callbot_csrf=".length) ?? "");
}

export const api = createClient<paths>({ baseUrl: "/" });
api.use(ours);
api.use(refusals);

/** The data of an answer; what is refused has thrown before. */
export function data<T>(answer: { data?: T }): T {
  return answer.data as T;
}
