// Stands in for a package that is not under a free licence and that only "vsce sign" and "vsce verify-signature" use.
'use strict';
