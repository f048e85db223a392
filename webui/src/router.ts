import { createRouter, createWebHistory, type RouteLocationNormalized, type RouteLocationRaw, type Router } from 'vue-router';
import { doorFor } from './access/door.js';
import { usePrefs } from './stores/prefs.js';
import { useSession } from './stores/session.js';

declare module 'vue-router' {
  interface RouteMeta {
    /** Shown without a session. */
    open?: boolean;
    /** Shown to anybody: on phones that are not paired with the box, too. */
    public?: boolean;
  }
}

export function makeRouter(): Router {
  const router = createRouter({
    history: createWebHistory(),
    routes: [
      { path: '/pair', name: 'pair', component: () => import('./pages/PairPage.vue'), meta: { open: true } },
      { path: '/sign-in', name: 'sign-in', component: () => import('./pages/SignInPage.vue'), meta: { open: true } },
      { path: '/receipt', name: 'receipt', component: () => import('./pages/ReceiptPage.vue'), meta: { open: true, public: true } },
      // On these three the customer looks at the screen: outside StaffShell there are no arrivals and no names of others.
      { path: '/front-desk', name: 'front-desk', component: () => import('./pages/FrontDeskPage.vue') },
      { path: '/enrol/:customerId?', name: 'enrol', component: () => import('./pages/EnrolPage.vue') },
      { path: '/hand-back', name: 'hand-back', component: () => import('./pages/HandBackPage.vue') },
      {
        path: '/', component: () => import('./components/shell/StaffShell.vue'),
        children: [
          { path: '', name: 'board', component: () => import('./pages/BoardPage.vue') },
          { path: 'look-up', name: 'look-up', component: () => import('./pages/LookUpPage.vue') },
          {
            path: 'customers', name: 'customers', component: () => import('./pages/CustomersPage.vue'),
            children: [
              { path: ':customerId', name: 'dossier', component: () => import('./pages/DossierPage.vue'), props: true },
            ],
          },
          { path: 'settings', name: 'settings', component: () => import('./pages/SettingsPage.vue') },
        ],
      },
      { path: '/:rest(.*)*', redirect: { name: 'board' } },
    ],
  });
  router.beforeEach((to) => redirectFor(to));
  return router;
}

function redirectFor(to: RouteLocationNormalized): RouteLocationRaw | true {
  if (to.meta.public === true) return true;
  const { box, session } = useSession();
  const door = doorFor(String(to.name), { box, scope: session?.scope ?? null, handedOver: usePrefs().handedOver });
  if (door === null) return true;
  return { name: door, query: door === 'sign-in' && to.fullPath !== '/' ? { next: to.fullPath } : {} };
}
