import { createRoot } from "react-dom/client";
import { App } from "./app";
import "./words";
import "./console.css";

const root = document.getElementById("root");
if (root) createRoot(root).render(<App />);
