-- Starts the language server of Sluice for the flows of a workspace: Neovim 0.7 or newer, no plugin.
-- Put it into ~/.config/nvim/plugin/sluice.lua. Another command than "npx sluice lsp": vim.g.sluice_command = { 'sluice', 'lsp' }
local clients = {}

local function start(buffer)
  local file = vim.api.nvim_buf_get_name(buffer)
  local settings = vim.fn.findfile('sluice.yaml', vim.fn.fnamemodify(file, ':p:h') .. ';')
  if file == '' or settings == '' then
    return
  end
  local root = vim.fn.fnamemodify(settings, ':p:h')
  local config = {
    name = 'sluice',
    cmd = vim.g.sluice_command or { 'npx', 'sluice', 'lsp' },
    cmd_cwd = root,
    root_dir = root,
  }
  if vim.lsp.start then
    vim.lsp.start(config, { bufnr = buffer })
  else
    clients[root] = clients[root] or vim.lsp.start_client(config)
    vim.lsp.buf_attach_client(buffer, clients[root])
  end
end

vim.api.nvim_create_autocmd('FileType', {
  pattern = 'yaml',
  callback = function(event)
    start(event.buf)
  end,
})
