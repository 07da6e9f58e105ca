// Checks pages of the built site with axe-core in a headless Chromium: light and dark, 1280 and 390 wide.
//
//     npm install --prefix DIRECTORY axe-core@4 playwright-core@1
//     NODE_PATH=DIRECTORY/node_modules node .ci/axe.cjs CHROMIUM SITE PAGE...
//
// Prints what is wrong, one finding a line, and ends with 1 if there is any: serious and critical findings, pages that
// are wider than the window, and requests to other servers.

const fs = require("fs");
const http = require("http");
const path = require("path");
const { chromium } = require("playwright-core");

const AXE = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf-8");
const TYPES = { ".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml",
  ".json": "application/json" };
const [executablePath, site, ...pages] = process.argv.slice(2);

function serve() {
  const server = http.createServer((request, response) => {
    let file = path.join(site, decodeURIComponent(new URL(request.url, "http://localhost").pathname));
    if (file.endsWith("/")) file += "index.html";
    if (!fs.existsSync(file)) return response.writeHead(404).end();
    response.writeHead(200, { "Content-Type": TYPES[path.extname(file)] || "application/octet-stream" });
    response.end(fs.readFileSync(file));
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

async function check(page, address, name) {
  const found = [];
  await page.goto(address + name, { waitUntil: "load" });
  await page.waitForTimeout(200);
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  for (const { id, impact, help, nodes } of violations) {
    if (impact === "serious" || impact === "critical") {
      for (const node of nodes) found.push(`${impact}: ${id} (${help}): ${node.target.join(" ")}`);
    }
  }
  const [width, window_] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  if (width > window_) found.push(`the page is ${width} wide, and the window ${window_}`);
  return found;
}

async function main() {
  const server = await serve();
  const address = `http://127.0.0.1:${server.address().port}/`;
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  let failed = false;
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [1280, 390]) {
      const context = await browser.newContext({ colorScheme, viewport: { width, height: 900 } });
      const page = await context.newPage();
      const outside = new Set();
      page.on("request", (request) => {
        if (!request.url().startsWith(address) && request.url().startsWith("http")) outside.add(request.url());
      });
      for (const name of pages) {
        const found = await check(page, address, name);
        for (const url of outside) found.push(`request to another server: ${url}`);
        outside.clear();
        for (const finding of found) console.log(`/${name} ${colorScheme} ${width}: ${finding}`);
        failed = failed || found.length > 0;
      }
      await context.close();
    }
  }
  await browser.close();
  server.close();
  process.exitCode = failed ? 1 : 0;
}

main();
