import type { shell as zh } from "../zh/shell";

export const shell: typeof zh = {
  product: "callbot",
  tagline: "Reaches quiet customers like a considerate colleague",
  menu: {
    board: "Live board",
    batches: "Batches",
    customers: "Customers",
    calls: "Call review",
    flows: "Flows",
    policy: "Policy",
    desk: "Agent desk",
    followUps: "Follow-ups",
    users: "Users and roles",
    tokens: "API tokens",
    audit: "Audit",
  },
  signIn: {
    title: "Sign in",
    name: "User name",
    password: "Password",
    submit: "Sign in",
    nameMissing: "Enter your user name",
    passwordMissing: "Enter your password",
    demo: "Demo accounts (click to fill in)",
    expired: "Your session has ended; sign in again",
  },
  signOut: "Sign out",
  language: "中文",
  role: { supervisor: "Supervisor", agent: "Agent", qa: "QA", admin: "Administrator" },
  live: { connected: "Live", reconnecting: "Connection lost, reconnecting…" },
};
