import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createRootRoute, createRoute, createRouter, redirect, RouterProvider } from "@tanstack/react-router";
import { lazy, StrictMode, Suspense } from "react";
import { createRoot } from "react-dom/client";
import { Layout } from "./layout";
import { AgentPage } from "./pages/agent";
import { Agents } from "./pages/agents";
import { CommandPage } from "./pages/command";
import { DeploymentPage } from "./pages/deployment";
import { Deployments } from "./pages/deployments";
import { Groups } from "./pages/groups";
import { History } from "./pages/history";
import { Notifications } from "./pages/notifications";
import { Account, People } from "./pages/people";
import { RunCommand } from "./pages/run-command";
import { Runs } from "./pages/runs";
import { Schedules } from "./pages/schedules";
import { ServicePage } from "./pages/service";
import { Empty, Skeleton } from "./parts/ui";
import { SessionGate } from "./session";
import "./style.css";

// What brings a library of its own is loaded when it is opened.
const Overview = lazy(async () => ({ default: (await import("./pages/overview")).Overview }));
const RunPage = lazy(async () => ({ default: (await import("./pages/run")).RunPage }));
const ApiDocs = lazy(async () => ({ default: (await import("./pages/api-docs")).ApiDocs }));

const root = createRootRoute({ component: Layout, notFoundComponent: () => <Empty>There is no such page.</Empty> });
const texts = (search: Record<string, unknown>) => Object.fromEntries(Object.entries(search).map(([name, value]) => [name, String(value)]));
const page = (path: string, Shown: React.ComponentType) => createRoute({ getParentRoute: () => root, path, component: () => <Suspense fallback={<Skeleton rows={8} />}><Shown /></Suspense>, validateSearch: texts });

const router = createRouter({
  routeTree: root.addChildren([
    createRoute({ getParentRoute: () => root, path: "/", beforeLoad: () => { throw redirect({ to: "/overview" }); } }),
    page("/overview", Overview), page("/agents", Agents), page("/agents/$id", AgentPage), page("/command", RunCommand), page("/commands/$id", CommandPage),
    page("/runs", Runs), page("/runs/$id", RunPage), page("/history", History), page("/deployments", Deployments),
    page("/deployments/$id", DeploymentPage), page("/services/$name", ServicePage), page("/groups", Groups),
    page("/schedules", Schedules), page("/notifications", Notifications),
    page("/accounts", People), page("/account", Account), page("/docs", ApiDocs),
  ]),
});

const queries = new QueryClient({ defaultOptions: { queries: { staleTime: 2000, refetchOnWindowFocus: true, retry: 1 } } });

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <SessionGate><RouterProvider router={router} /></SessionGate>
    </QueryClientProvider>
  </StrictMode>,
);
