// The API from TypeScript: openapi-typescript writes contract.d.ts from docs/openapi.json, openapi-fetch calls the API
// with those types. `make typescript` does so and checks this file.
import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "./contract";

type Item = components["schemas"]["Item"];

/** A client of the API at url. */
export function connect(url: string, key: string) {
  const client = createClient<paths>({ baseUrl: url, headers: { "x-api-key": key } });
  client.use(retrying);
  return client;
}

type Client = ReturnType<typeof connect>;

/** Repeats a request that was throttled, after the time that the API asks for: nothing was done. */
const retrying: Middleware = {
  async onRequest({ request }) {
    repeatable.set(request, request.clone()); // its body can be read once
  },
  async onResponse({ request, response }) {
    const again = repeatable.get(request);
    const seconds = Number(response.headers.get("retry-after"));
    if (response.status !== 429 || !seconds || !again) return response;
    await new Promise((wait) => setTimeout(wait, seconds * 1000 * (1 + Math.random() / 2)));
    return fetch(again);
  },
};
const repeatable = new WeakMap<Request, Request>();

/** All items, page by page. */
export async function* items(client: Client): AsyncGenerator<Item> {
  let cursor: string | undefined;
  do {
    const { data, error } = await client.GET("/items", { params: { query: cursor ? { cursor } : {} } });
    if (error) throw new Error(error.detail ?? error.title);
    yield* data.items;
    cursor = typeof data.next_cursor === "string" ? data.next_cursor : undefined; // null on the last page
  } while (cursor);
}

/** Changes an item unless another client has changed it meanwhile. */
export async function update(client: Client, id: string, change: (body: unknown) => unknown): Promise<Item> {
  const path = { id };
  for (;;) {
    const { data, error, response } = await client.GET("/items/{id}", { params: { path } });
    if (error) throw new Error(error.detail ?? error.title);
    const etag = response.headers.get("etag") ?? "";
    const written = await client.PUT("/items/{id}", { params: { path, header: { "If-Match": etag } }, body: change(data.body) });
    if (written.data) return written.data;
    if (written.response.status !== 412) throw new Error(written.error.detail ?? written.error.title);
  }
}

/** Uploads a file that the API takes in one request. The key and its headers are S3's to check. */
export async function upload(client: Client, key: string, file: Blob): Promise<void> {
  const { data, error } = await client.POST("/files/{key}", {
    params: { path: { key } },
    body: { size: file.size, content_type: file.type || "application/octet-stream" },
  });
  if (error) throw new Error(error.detail ?? error.title);
  if (!data.url || !data.method) throw new Error(`${file.size} bytes are uploaded in parts: docs/how-to/call-the-api.md`);
  const stored = await fetch(data.url, { method: data.method, headers: data.headers ?? {}, body: file });
  if (!stored.ok) throw new Error(`S3 returned ${stored.status}`);
}
