// Serves a handler of AWS Lambda over HTTP, with events as an HTTP API makes them (payload version 2.0): `lambda_host.mjs lambda.mjs`.
import { createServer } from "node:http";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const { handler } = await import(pathToFileURL(resolve(process.argv[2])));
createServer(async (request, response) => {
  const [path, query = ""] = request.url.split("?");
  // An HTTP API joins headers of the same name with commas.
  const headers = Object.fromEntries(Object.entries(request.headersDistinct).map(([name, values]) => [name, values.join(",")]));
  const { statusCode, headers: more, body } = await handler({
    version: "2.0", routeKey: "$default", rawPath: path, rawQueryString: query, headers, isBase64Encoded: false,
    requestContext: { http: { method: request.method, path, protocol: "HTTP/1.1", sourceIp: "127.0.0.1" }, stage: "$default" },
  });
  response.writeHead(statusCode, more).end(body);
}).listen(process.env.PORT, "127.0.0.1");
