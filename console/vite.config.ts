import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** `npm run dev` shows the sources; the API is that of a running callbot, named by CALLBOT_ADDRESS. */
const callbot = process.env.CALLBOT_ADDRESS ?? "http://127.0.0.1:8090";

export default defineConfig({
  base: "/static/console/",
  plugins: [react()],
  build: { outDir: "../callbot/web/static/console", emptyOutDir: true, chunkSizeWarningLimit: 1500 },
  server: { proxy: { "/api": { target: callbot, ws: true } } },
});
