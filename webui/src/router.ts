import { createRouter, createWebHistory, type RouteLocationNormalized, type RouteLocationRaw, type Router } from 'vue-router';
import { doorFor } from './access/door.js';
import { usePrefs } from './stores/prefs.js';
import { useSession } from './stores/session.js';

declare module 'vue-router' {
  interface RouteMeta {
    /** Shown without a session. */
    open?: boolean;
    /** Shown to anybody, also on phones that are not paired: without session and the staff's frame. */
    public?: boolean;
    /** Shows nothing of anybody and asks for a PIN itself: the lock need not cover it. */
    bare?: boolean;
  }
}

export function makeRouter(): Router {
  const router = createRouter({
    history: createWebHistory(),
    routes: [
      { path: '/pair', name: 'pair', component: () => import('./pages/PairPage.vue'), meta: { open: true, bare: true } },
      { path: '/sign-in', name: 'sign-in', component: () => import('./pages/SignInPage.vue'), meta: { open: true, bare: true } },
      { path: '/mine', name: 'mine', component: () => import('./pages/MinePage.vue'), meta: { open: true, public: true } },
      { path: '/member', name: 'member', component: () => import('./pages/MemberPage.vue'), meta: { open: true, public: true } },
      { path: '/receipt', name: 'receipt', component: () => import('./pages/ReceiptPage.vue'), meta: { open: true, public: true } },
      // On these three the customer looks at the screen: outside StaffShell there are no arrivals and no names of others.
      { path: '/front-desk', name: 'front-desk', component: () => import('./pages/FrontDeskPage.vue') },
      { path: '/station', name: 'station', component: () => import('./pages/StationPage.vue') },
      { path: '/enrol/:customerId?', name: 'enrol', component: () => import('./pages/EnrolPage.vue') },
      { path: '/hand-back', name: 'hand-back', component: () => import('./pages/HandBackPage.vue'), meta: { bare: true } },
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
          {
            path: 'privacy', component: () => import('./pages/PrivacyPage.vue'),
            children: [
              { path: '', name: 'privacy', component: () => import('./components/privacy/OfficeOverview.vue') },
              { path: 'requests', name: 'privacy-requests', component: () => import('./components/privacy/RightsDesk.vue') },
              { path: 'requests/:requestId', name: 'privacy-request', component: () => import('./components/privacy/RequestPage.vue'), props: true },
              { path: 'notice', name: 'privacy-notice', component: () => import('./components/privacy/NoticeEditor.vue') },
              { path: 'assessments', name: 'privacy-assessments', component: () => import('./components/privacy/AssessmentList.vue') },
              { path: 'assessments/new', name: 'privacy-assessment', component: () => import('./components/privacy/AssessmentWizard.vue') },
              { path: 'mode', name: 'privacy-mode', component: () => import('./components/privacy/ModePage.vue') },
              { path: 'mode/:stationId', name: 'privacy-zone', component: () => import('./components/privacy/ZonePage.vue'), props: true },
              { path: 'retention', name: 'privacy-retention', component: () => import('./components/privacy/RetentionPage.vue') },
              { path: 'persons', name: 'privacy-persons', component: () => import('./components/privacy/PersonsPage.vue') },
              { path: 'incidents', name: 'privacy-incidents', component: () => import('./components/privacy/IncidentList.vue') },
              { path: 'incidents/new', name: 'privacy-incident', component: () => import('./components/privacy/IncidentForm.vue') },
              { path: 'audit', name: 'privacy-audit', component: () => import('./components/privacy/AuditLog.vue') },
              { path: 'deletions', name: 'privacy-deletions', component: () => import('./components/privacy/DeletionList.vue') },
              { path: 'export', name: 'privacy-export', component: () => import('./components/headOffice/ReleasesPage.vue'), props: { within: 'privacy-export' } },
              { path: 'export/:day', name: 'privacy-export-day', component: () => import('./components/headOffice/ReleasePage.vue'), props: ({ params }) => ({ within: 'privacy-export', day: params['day'] }) },
              { path: 'pack', name: 'privacy-pack', component: () => import('./components/privacy/AuditPack.vue') },
            ],
          },
          { path: 'box', name: 'box', component: () => import('./pages/BoxPage.vue') },
          // The same two pages as in the office, for who looks after the box.
          { path: 'box/export', name: 'box-export', component: () => import('./components/headOffice/ReleasesPage.vue'), props: { within: 'box-export' } },
          { path: 'box/export/:day', name: 'box-export-day', component: () => import('./components/headOffice/ReleasePage.vue'), props: ({ params }) => ({ within: 'box-export', day: params['day'] }) },
          { path: 'settings/greetings', name: 'settings-greetings', component: () => import('./components/settings/greetings/GreetingsPage.vue') },
          { path: 'settings/products', name: 'products', component: () => import('./pages/ProductsPage.vue') },
          { path: 'settings', name: 'settings', component: () => import('./pages/SettingsPage.vue') },
          { path: 'settings/fields', name: 'settings-fields', component: () => import('./components/settings/fields/FieldsPage.vue') },
        ],
      },
      { path: '/:rest(.*)*', redirect: { name: 'board' } },
    ],
  });
  router.beforeEach((to) => to.meta.public === true || redirectFor(to));
  return router;
}

function redirectFor(to: RouteLocationNormalized): RouteLocationRaw | true {
  if (to.meta.public === true) return true;
  const { box, session } = useSession();
  const { handedOver, stationId } = usePrefs();
  const door = doorFor(String(to.name), { box, scope: session?.scope ?? null, role: session?.staff.role ?? null, handedOver, atStation: stationId !== '' });
  if (door === null) return true;
  return { name: door, query: door === 'sign-in' && to.fullPath !== '/' ? { next: to.fullPath } : {} };
}
