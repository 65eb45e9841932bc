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
    cursor = data.next_cursor ?? undefined; // null on the last page
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

/** Uploads a file: in one request, or in parts, as the API decides by its size. */
export async function upload(client: Client, key: string, file: Blob): Promise<void> {
  const path = { key };
  const body = { size: file.size, content_type: file.type || "application/octet-stream" };
  const { data, error } = await client.POST("/files/{key}", { params: { path }, body });
  if (error) throw new Error(error.detail ?? error.title);
  if ("url" in data) {
    await store(data, file);
    return;
  }
  const etags: string[] = [];
  for (let parts: Parts = data; ; ) {
    for (const part of parts.parts) {
      const from = (part.part_number - 1) * parts.part_size;
      const stored = await store(part, file.slice(from, from + part.size));
      etags[part.part_number - 1] = stored.headers.get("etag") ?? ""; // in its quotes
    }
    if (!parts.next_part) return complete(parts, etags);
    const next = await client.POST("/files/{key}", {
      params: { path },
      body: { upload_id: parts.upload_id, size: file.size, part: parts.next_part },
    });
    if (next.error) throw new Error(next.error.detail ?? next.error.title);
    if ("url" in next.data) throw new Error("the API returned no parts");
    parts = next.data;
  }
}

type Parts = components["schemas"]["MultipartUpload"];
type Presigned = components["schemas"]["Presigned"];

/** Sends bytes to S3, without the API's key. */
async function store({ method, url, headers }: Presigned, body: Blob | string): Promise<Response> {
  const response = await fetch(url, { method, headers: headers ?? {}, body });
  if (!response.ok) throw new Error(`S3 returned ${response.status}: ${await response.text()}`);
  return response;
}

/** Has S3 join the parts. A response with status 200 may contain an error. */
async function complete({ complete }: Parts, etags: string[]): Promise<void> {
  const parts = etags.map((etag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${etag}</ETag></Part>`);
  const list = `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts.join("")}</CompleteMultipartUpload>`;
  const result = await (await store(complete, list)).text();
  if (result.includes("<Error>")) throw new Error(`S3 has not completed the upload: ${result}`);
}
