import { createRouter, createWebHistory, type RouteLocationRaw, type Router } from 'vue-router';
import { useSession } from './stores/session.js';

declare module 'vue-router' {
  interface RouteMeta {
    /** Shown without a session. */
    open?: boolean;
    /** The customer looks at this screen: nothing about anybody else may appear on it. */
    customerFacing?: boolean;
  }
}

export function makeRouter(): Router {
  const router = createRouter({
    history: createWebHistory(),
    routes: [
      { path: '/pair', name: 'pair', component: () => import('./pages/PairPage.vue'), meta: { open: true } },
      { path: '/sign-in', name: 'sign-in', component: () => import('./pages/SignInPage.vue'), meta: { open: true } },
      {
        path: '/front-desk', name: 'front-desk', component: () => import('./pages/FrontDeskPage.vue'),
        meta: { customerFacing: true },
      },
      {
        path: '/enrol/:customerId?', name: 'enrol', component: () => import('./pages/EnrolPage.vue'),
        meta: { customerFacing: true },
      },
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

/** Where somebody without the right to be at `to` belongs; true when there is nothing to change. */
function redirectFor(to: { name?: unknown; fullPath: string; meta: { open?: boolean } }): RouteLocationRaw | true {
  const access = useSession();
  if (!access.box) return true; // App shows that the box cannot be reached
  if (!access.box.devicePaired || access.box.ownerNeeded) return to.name === 'pair' ? true : { name: 'pair' };
  if (to.name === 'pair') return { name: 'board' };
  if (!access.session) {
    return to.name === 'sign-in' ? true : { name: 'sign-in', query: to.fullPath === '/' ? {} : { next: to.fullPath } };
  }
  if (access.atFrontDesk) return to.name === 'front-desk' ? true : { name: 'front-desk' };
  if (to.name === 'sign-in' || to.name === 'front-desk') return { name: 'board' };
  return true;
}
