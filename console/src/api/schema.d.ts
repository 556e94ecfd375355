export type paths = Record<string, never>; export type components = { schemas: { Me: { permissions: string[]; display_name: string; roles: never[] } } };
