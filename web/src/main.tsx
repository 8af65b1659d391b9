import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createRootRoute, createRoute, createRouter, redirect, RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Layout } from "./layout";
import { AgentPage } from "./pages/agent";
import { Agents } from "./pages/agents";
import { CommandPage } from "./pages/command";
import { DeploymentPage, Deployments, ServicePage } from "./pages/deployments";
import { History } from "./pages/history";
import { Groups, Notifications, Schedules } from "./pages/lists";
import { RunCommand } from "./pages/run-command";
import { RunPage, Runs } from "./pages/runs";
import { Empty } from "./parts/ui";
import { SessionGate } from "./session";
import "./style.css";

const root = createRootRoute({ component: Layout, notFoundComponent: () => <Empty>There is no such page.</Empty> });
const texts = (search: Record<string, unknown>) => Object.fromEntries(Object.entries(search).map(([name, value]) => [name, String(value)]));
const page = (path: string, component: () => React.ReactNode) => createRoute({ getParentRoute: () => root, path, component, validateSearch: texts });

const router = createRouter({
  routeTree: root.addChildren([
    createRoute({ getParentRoute: () => root, path: "/", beforeLoad: () => { throw redirect({ to: "/agents" }); } }),
    page("/agents", Agents), page("/agents/$id", AgentPage), page("/command", RunCommand), page("/commands/$id", CommandPage),
    page("/runs", Runs), page("/runs/$id", RunPage), page("/history", History), page("/deployments", Deployments),
    page("/deployments/$id", DeploymentPage), page("/services/$name", ServicePage), page("/groups", Groups),
    page("/schedules", Schedules), page("/notifications", Notifications),
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
