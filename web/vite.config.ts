import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// COCKPIT tells the development server where the real one is.
const server = process.env["COCKPIT"] ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react(), tailwindcss()],
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: { proxy: { "/api": server, "/auth": server, "/openapi.json": server } },
  test: { environment: "jsdom", include: ["src/**/*.test.{ts,tsx}"] },
});
