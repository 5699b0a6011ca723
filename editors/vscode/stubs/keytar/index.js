// Stands in for a native package that only "vsce login" uses, and that would be compiled or downloaded at its installation.
'use strict';
