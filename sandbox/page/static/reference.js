// The API's reference, with requests to the API through the page's server.
import { element } from "/dom.js";

// Swagger UI is a script that sets a global.
function load() {
  return window.SwaggerUIBundle ? Promise.resolve() : new Promise((resolve, reject) => {
    const script = element("script", { src: "/lib/swagger-ui.js" });
    script.addEventListener("load", resolve);
    script.addEventListener("error", () => reject(new Error("Swagger UI is not installed: make tools installs it")));
    document.head.append(script);
  });
}

export async function showReference(url) {
  await load();
  const holder = element("div", { id: "swagger" });
  window.SwaggerUIBundle({ url: new URL(url, location.href).href, domNode: holder, deepLinking: false, validatorUrl: null, tryItOutEnabled: true, docExpansion: "list" });
  return holder;
}
