import '@ionic/vue/css/core.css';
import '@ionic/vue/css/structure.css';
import './styles/tokens.css';
import './styles/base.css';
import { IonicVue } from '@ionic/vue';
import { createPinia } from 'pinia';
import { createApp } from 'vue';
import App from './App.vue';
import { unlockSound } from './composables/chime.js';
import { currentLanguage, i18n, setLanguage } from './i18n/index.js';
import { makeRouter } from './router.js';
import { useSession } from './stores/session.js';

const app = createApp(App);
app.use(IonicVue, { mode: 'ios', animated: !matchMedia('(prefers-reduced-motion: reduce)').matches });
app.use(createPinia());
app.use(i18n);
setLanguage(currentLanguage(), false);
unlockSound();

const router = makeRouter();
// The guards of the router need to know the box first; public pages have none.
if (!router.resolve(location.pathname).meta.public) await useSession().boot();
app.use(router);
app.mount('#app');
